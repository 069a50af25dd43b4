"""`js.testing.check` passes what keeps the contract and names what breaks it."""

from typing import ClassVar

import jax
import pytest

import jaxsim as js
from tests.toys import TRACE, ToyLeak, ToyNodes, ToyRender


def test_a_step_that_keeps_the_contract_passes_every_check():
    assert js.testing.check(ToyNodes) == [
        "cards",
        "document",
        "dims",
        "jit",
        "vmap",
        "no recompilation",
        "gradients",
    ]


@pytest.mark.slow
def test_needs_are_made_up_from_the_cards_of_known_makers():
    assert "gradients" in js.testing.check(ToyLeak)
    assert "blocks" in js.testing.check(ToyRender)


def test_a_gradient_that_lies_is_found():
    @jax.custom_jvp
    def lying(x):
        return x

    lying.defjvp(lambda x, dx: (x[0], 2.0 * dx[0]))

    class ToyLiar(js.AbstractStep):
        """Says that it amplifies twice as much as it does."""

        factor: js.Param = js.param(0.5, "1", (0.0, 1.0), "amplification")
        makes: ClassVar = {"trace": TRACE}

        def __call__(self, activity):
            return {"trace": lying(self.factor) * activity.values}

    with pytest.raises(AssertionError, match="d/dtoy_liar.factor"):
        js.testing.check(ToyLiar)


def test_axes_that_differ_from_the_card_are_found():
    class ToyFlat(js.AbstractStep):
        """Loses an axis."""

        makes: ClassVar = {"trace": TRACE}

        def __call__(self, activity):
            return {"trace": activity.values.sum(1)}

    with pytest.raises(AssertionError, match="'trace' has shape"):
        js.testing.check(ToyFlat)


def test_a_field_without_meaning_is_found():
    class ToyMute(js.Declared):
        """Has a field of which nobody knows what it is."""

        x: js.Param = js.param(1.0, "1", (0.0, 2.0), "")

    with pytest.raises(AssertionError, match=r"ToyMute\.x has no doc"):
        js.testing.check(ToyMute)
