"""What tests read off a figure."""

import io


def rendered(figure):
    """The figure, after drawing it as a file would be."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=50)
    assert file.tell() > 1000
    return figure


def words(figure):
    """All text of a figure: titles, labels, ticks, legends."""
    from matplotlib.text import Text

    found = [t.get_text() for t in figure.findobj(Text) if t.get_visible()]
    return [word for word in found if word]


def main(figure):
    """Its first axes."""
    return figure.axes[0]
