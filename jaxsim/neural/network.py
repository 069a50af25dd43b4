"""Network: the step that integrates neural masses and makes `activity`."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray

from jaxsim.core.alone import runs_alone
from jaxsim.core.param import optional_part, part, static
from jaxsim.core.signal import Clock, Series, Signal, activity_card
from jaxsim.core.step import AbstractStep, fold_name
from jaxsim.neural.check_network import check_nodes, check_sites, check_step
from jaxsim.neural.connectome import Connectome
from jaxsim.neural.coupling import AbstractCoupling, LinearCoupling
from jaxsim.neural.delay import Alone, pathway
from jaxsim.neural.initial import AbstractInitial, RestState
from jaxsim.neural.model import AbstractModel
from jaxsim.neural.monitor import AbstractMonitor
from jaxsim.neural.monitors.every_sample import EverySample
from jaxsim.neural.noise import BLOCK, AbstractNoise
from jaxsim.neural.solver import AbstractSolver, Heun
from jaxsim.neural.span import blocks_at_once, plan, whole_ticks
from jaxsim.neural.stimulus import AbstractStimulus
from jaxsim.neural.ticking import scan_ticks


class Network(AbstractStep):
    r"""Neural masses on the nodes of a connectome, integrated with a fixed step.

    $$ \dot y_i = f\left(y_i,\ g\Big(\sum_j w_{ij}\, x_j(t - \tau_{ij})\Big)
       + \xi_i(t) + s_i(t)\right), \qquad x = \text{output}(y) $$

    Without a connectome there is one node. Delays are on when the connectome has tract
    lengths. Sample k is what the monitor makes of period k; its time is the end of that
    period, and time zero is the end of the burn-in. The drive of a tick is constant
    over the stages of the solver, but for coupling without delays.

    Noise is a function of the key, the tick and the node: monitor, duration and burn-in
    do not change it. Reverse-mode gradients keep one state per span of about 200 ticks
    and recompute the rest.

    **Needs:** what its stimulus plays, if that is of an earlier step. **Makes:**
    `activity` (or what the monitor makes of it); `states`, when `variables` names some.
    """

    model: AbstractModel
    connectome: Connectome | None = optional_part()
    coupling: AbstractCoupling = part(LinearCoupling)
    noise: AbstractNoise | None = optional_part()
    stimulus: AbstractStimulus | None = optional_part()
    initial: AbstractInitial = part(RestState)
    solver: AbstractSolver = part(Heun)
    monitor: AbstractMonitor = part(EverySample)
    duration_s: float = static(1.0, "recorded time", "s", (1e-9, 1e7))
    dt_s: float = static(1e-4, "step of the integrator", "s", (1e-9, 1.0))
    burn_in_s: float = static(0.0, "time before the recording", "s", (0.0, 1e7))
    variables: tuple[str, ...] = static(
        (), "variables of the model recorded as `states`"
    )

    makes: ClassVar[dict[str, Signal]] = {
        "activity": activity_card("mV", "activity of each node")
    }

    def __check_init__(self) -> None:
        _ = self._n_samples, self._burn_in_ticks  # no multiples of the step: refused
        self.initial.accept(self.model, self.n_nodes)
        check_sites(self)
        check_nodes(self)
        check_step(self)

    @property
    def needs(self) -> tuple[str, ...]:
        """What its stimulus plays, if that is a signal."""
        return () if self.stimulus is None else self.stimulus.needs

    @property
    def n_nodes(self) -> int:
        """Nodes of the connectome; one without."""
        return 1 if self.connectome is None else self.connectome.n_nodes

    @property
    def _delayed(self) -> bool:
        return (
            self.connectome is not None and self.connectome.tract_lengths_mm is not None
        )

    @property
    def _n_samples(self) -> int:
        period_s = self.monitor.ticks(self.dt_s) * self.dt_s
        return whole_ticks(self.duration_s, period_s, "duration_s", "samples of")

    @property
    def _burn_in_ticks(self) -> int:
        return whole_ticks(self.burn_in_s, self.dt_s, "burn_in_s")

    def cards(self) -> dict[str, Signal]:
        """`activity` in the model's unit, and what else is recorded."""
        unit, moment = self.model.unit, self.model.moment_nam
        doc = "activity of each node"
        watched = {"activity": activity_card(unit, doc, moment_nam=moment)}
        if self.variables:
            watched["states"] = Signal(
                "time variable node", "1", "variables of the model, in its units"
            )
        return self.monitor.cards(watched)

    def __call__(self, key: PRNGKeyArray, **needs: Any) -> dict[str, Any]:
        """Integrate."""
        playing = self
        if self.stimulus is not None and needs:
            known = self.stimulus.with_needs(self.duration_s, **needs)
            playing = eqx.tree_at(lambda network: network.stimulus, self, known)
        samples = playing._integrate(key)
        cards = self.cards()
        period_s = self.monitor.ticks(self.dt_s) * self.dt_s
        clock = Clock(jnp.asarray(period_s, jnp.result_type(float)), 1.0 / period_s)
        names = self.connectome.labels if self.connectome is not None else ()
        labels = (("node", names),) if names else ()
        return {
            name: Series(
                values,
                clock,
                cards[name],
                labels + ((("variable", self.variables),) if name == "states" else ()),
            )
            for name, values in samples.items()
        }

    def _integrate(self, key: PRNGKeyArray) -> dict[str, Any]:
        dt_s, monitor = self.dt_s, self.monitor
        way = pathway(self.connectome, dt_s)
        period, blocks = monitor.ticks(dt_s), 1
        if runs_alone() and not self._delayed:
            blocks = blocks_at_once(self._n_samples * period, self.n_nodes)
        spans = plan(period, monitor.grain(dt_s), blocks)
        carry = self._burn_in(way, key)

        def span(carry, number):
            moving, memory = carry
            moving, seen = self._advance(
                way, moving, number * spans.ticks, spans.ticks, key
            )
            if spans.parts > 1:
                return (moving, monitor.absorb(memory, seen, dt_s)), None
            blocks = jax.tree.map(
                lambda x: x.reshape(spans.samples, -1, *x.shape[1:]), seen
            )
            memory, values = monitor.samples(memory, blocks, dt_s)
            return (moving, memory), values

        span = jax.checkpoint(span, prevent_cse=False)
        if spans.parts == 1:
            n_spans = -(-self._n_samples // spans.samples)
            _, values = jax.lax.scan(span, carry, _count(n_spans))
            return jax.tree.map(
                lambda x: x.reshape(-1, *x.shape[2:])[: self._n_samples], values
            )

        def sample(carry, number):
            parts = number * spans.parts + _count(spans.parts)
            (moving, memory), _ = jax.lax.scan(span, carry, parts)
            memory, value = monitor.sample(memory, dt_s)
            return (moving, memory), value

        return jax.lax.scan(sample, carry, _count(self._n_samples))[1]

    def _burn_in(self, way: Alone, key: PRNGKeyArray) -> Any:
        """State, past and monitor at time zero; ticks of the burn-in are negative."""
        state = self.initial.state(self.model, self.n_nodes, fold_name(key, "initial"))
        heard = self.coupling.source(self.model.output(state))
        moving = (state, way.start(heard))
        watched = jax.eval_shape(
            lambda s: self.monitor.watch(self.model, s, self.variables), state
        )
        memory = self.monitor.start(
            jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), watched)
        )
        grain = self.monitor.grain(self.dt_s)
        ticks = grain * max(1, BLOCK // grain)
        n_spans, rest = divmod(self._burn_in_ticks, ticks)
        if rest:
            moving, _ = self._advance(way, moving, -self._burn_in_ticks, rest, key)

        def span(carry, number):
            moving, memory = carry
            moving, seen = self._advance(way, moving, number * ticks, ticks, key)
            return (moving, self.monitor.settle(memory, seen, self.dt_s)), None

        carry = (moving, memory)
        if n_spans:
            span = jax.checkpoint(span, prevent_cse=False)
            carry, _ = jax.lax.scan(span, carry, _count(n_spans) - n_spans)
        return carry

    def _advance(
        self, way: Alone, moving: Any, first: Any, n_ticks: int, key: PRNGKeyArray
    ) -> Any:
        """Integrate a span: state and past after it, and what was seen in each tick."""
        model, dt_s = self.model, self.dt_s
        state, past = moving
        way = way.over(n_ticks)

        def tick(moving, given):
            state, past = moving
            number, drive = given
            # written before it is read, or XLA copies the whole past at every tick
            past = way.tell(past, number, self.coupling.source(model.output(state)))
            heard = way.hear(past, number)

            def drift(y):
                total = heard
                if total is None:
                    total = way.now(self.coupling.source(model.output(y)))
                return model.drift(y, self._add(drive, self.coupling, total))

            state = self.solver.advance(drift, state, dt_s)
            return (state, past), self.monitor.watch(model, state, self.variables)

        given = (_count(n_ticks), self._given(first, n_ticks, key))
        moving, seen = scan_ticks(tick, (state, way.open(past, n_ticks)), given)
        state, past = moving
        return (state, way.close(past, n_ticks)), seen

    def _given(self, first: Any, n_ticks: int, key: PRNGKeyArray) -> dict[str, Any]:
        """Noise and stimulus of a span, by site."""
        drive: dict[str, Any] = {}
        noise = self.model.own_noise() if self.noise is None else self.noise
        draws = noise.drive(
            fold_name(key, "noise"), first, n_ticks, self.n_nodes, self.dt_s
        )
        drive = self._add(drive, noise, draws)
        if self.stimulus is not None:
            shown = self.stimulus.drive(first, n_ticks, self.n_nodes, self.dt_s)
            drive = self._add(drive, self.stimulus, shown)
        return drive

    def _add(self, drive: dict[str, Any], source: Any, value: Any) -> dict[str, Any]:
        """The drive with something more at a site."""
        if value is None:
            return drive
        if isinstance(source, AbstractCoupling):
            value = source.drive(value)
        site = source.site or self.model.sites[0]
        return drive | {site: drive[site] + value if site in drive else value}


def _count(n: int) -> Int[Array, " n"]:
    return jnp.arange(n, dtype=jnp.int32)
