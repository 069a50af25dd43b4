"""The entry: one-line errors, and exit codes that scripts can use.

0 well done · 1 it failed · 2 bad input · 130 Ctrl-C · 143 SIGTERM
"""

import os
import signal
import sys
import traceback
from collections.abc import Sequence

from jaxsim.cli.stop import Terminated, said, stoppable


DESCRIPTION = """\
Simulate, sweep and fit neuroscience recordings; the same verbs as in Python.

  jaxsim list                                     what there is
  jaxsim show wendling                            its parameters, with units and bounds
  jaxsim run wendling --plot                      one recording, and its picture
  jaxsim run wendling --set network.model.B=40 --network.duration_s 5 --out a.zarr
  jaxsim sweep wendling --over network.model.B=10:40:7
  jaxsim fit wendling --target a.zarr --free network.model.B

A process is a name, a file (jaxsim show wendling --out mine.yaml) or file.py:name.
Each command has its own --help, and so has each process: jaxsim run wendling --help.
--debug shows tracebacks.\
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: as typed behind `jaxsim`; those of this process by default.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [word for word in given if word != "--debug"]
    try:
        with stoppable():
            return _run(given)
    except SystemExit as end:  # tyro has said what was wrong, or printed its help
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return _say(said(signal.SIGINT), 130)
    except Terminated:
        return _say(said(signal.SIGTERM), 143)
    except BrokenPipeError:  # `jaxsim list | head`
        sys.stderr.close()
        return 0
    except (ValueError, TypeError, FileNotFoundError, NotADirectoryError) as error:
        return _tell(error, debug, 2)
    except Exception as error:
        return _tell(error, debug, 1)


def entry() -> None:
    """What `jaxsim` starts: main, and an end that a stopped program survives."""
    code = main()
    if code in (130, 143):  # XLA may still compute: its threads crash a tidy exit
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _run(given: list[str]) -> int:
    from jaxsim.cli.environment import gpu_unused, prepare

    prepare()
    from jaxsim.cli.commands import parse

    command, rest = parse(given, DESCRIPTION)
    if given[0] in ("run", "sweep", "fit", "types", "demo") and (idle := gpu_unused()):
        print(f"jaxsim: {idle}", file=sys.stderr)
    return int(command.run(rest) or 0)


def _tell(error: Exception, debug: bool, code: int) -> int:
    if debug:
        traceback.print_exc()
        return code
    text = str(error) or type(error).__name__
    if isinstance(error, KeyError):
        text = str(error.args[0]) if error.args else text
    if code == 1:
        text = f"{type(error).__name__}: {text} (--debug shows where)"
    return _say(f"jaxsim: {text}", code)


def _say(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code
