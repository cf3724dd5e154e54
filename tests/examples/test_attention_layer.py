"""An encoder layer in integers: its steps, stages and heads, against float arithmetic and the engine in Verilog."""

import re

import numpy as np
import pytest

from rtloom import InputError, load
from rtloom.examples.attention import subject as subjects
from rtloom.examples.attention.designs import engine_spec, layer_designs
from rtloom.examples.attention.digits_encoder import DigitsEncoder, _initial, gradients_of, train_encoder
from rtloom.examples.attention.execute import golden_layer
from rtloom.examples.attention.heads import HeadOperands, map_head, run_heads, typical_head
from rtloom.examples.attention.layer import STAGES, IntegerLayer, by_sentence, in_a_row
from rtloom.examples.attention.steps import Steps, per_channel
from rtloom.examples.attention.study import cosine
from rtloom.examples.digits.data import load_digits
from rtloom.examples.transformer.encoder import run_layer

SMALL = {"family": "attention", "name": "small", "params": {"rows": 2, "e": 8, "f": 8, "e_lanes": 4, "f_lanes": 4}}
LENGTHS = (3, 5, 1, 4)
TOKENS = sum(LENGTHS)


@pytest.fixture(scope="module")
def designs():
    return layer_designs(engine_spec(SMALL), 32)


@pytest.fixture(scope="module")
def encoder():
    """Return an encoder with random weights that are not too even, and what goes through it."""
    rng = np.random.default_rng(8)
    parameters = _initial(rng)
    for name, values in parameters.items():
        if values.ndim == 1:
            parameters[name] = values + rng.normal(0, 0.3, values.shape).astype(np.float32)
    weights = DigitsEncoder(parameters)
    hidden = rng.normal(0, 1, (TOKENS, 64)).astype(np.float32) * rng.uniform(0.1, 4, 64).astype(np.float32)
    return weights, run_layer(weights, 0, hidden, LENGTHS)


@pytest.fixture(scope="module")
def layer(encoder, designs):
    weights, trace = encoder
    return IntegerLayer(weights, 0, Steps.calibrate(trace, weights.heads), designs)


@pytest.fixture(scope="module")
def values(layer, encoder):
    return golden_layer(layer, layer.enter(encoder[1].hidden), LENGTHS)


def test_several_sentences_at_once_are_what_each_is_alone(encoder):
    weights, trace = encoder
    ends = np.cumsum(LENGTHS)[:-1]
    alone = [run_layer(weights, 0, hidden) for hidden in np.split(trace.hidden, ends)]
    for name in ("context", "attention_sum", "inner_input", "output"):
        together = np.concatenate([getattr(each, name) for each in alone])
        np.testing.assert_allclose(getattr(trace, name), together, atol=1e-5)


def test_sentences_are_padded_and_put_back():
    rng = np.random.default_rng(1)
    x = rng.integers(-9, 9, (TOKENS, 6))
    padded = by_sentence(x, LENGTHS, 3)
    assert padded.shape == (4, 3, 5, 2)
    assert np.array_equal(padded[1, 2, 4], x[7, 4:])
    assert not padded[2, :, 1:].any()
    assert np.array_equal(in_a_row(padded, LENGTHS), x)


def test_steps_hold_what_was_seen(encoder):
    weights, trace = encoder
    steps = Steps.calibrate(trace, weights.heads)
    for name in ("hidden", "attended", "output"):
        codes = getattr(trace, name) / getattr(steps, name)
        assert 60 < np.abs(codes).max() <= 127 / 1.2 + 1e-3
        assert getattr(steps, name).shape == (64,)
    for name in ("query", "key", "value"):
        codes = getattr(trace, name).reshape(TOKENS, 2, 32) / getattr(steps, name)[:, np.newaxis]
        assert np.abs(codes).max(axis=(0, 2)) == pytest.approx([127 / 1.2] * 2)
    for name in ("attention_sum", "output_sum", "inner_input"):
        assert np.abs(getattr(trace, name) / getattr(steps, name)).max() <= 32767 / 1.2 + 1e-2
    ends = trace.inner.min() / steps.inner + steps.inner_zero, trace.inner.max() / steps.inner + steps.inner_zero
    assert ends == pytest.approx((-128, 127), abs=1)


def test_quiet_channels_and_tensors_of_zeros_have_usable_steps():
    x = np.array([[0.0, 1.0, -3.0, 2.0], [0.0, 0.5, 0.1, 0.1]])
    # The median channel reaches 1.5.
    assert per_channel(x) == pytest.approx(1.2 * np.array([1.5, 1.5, 3, 2]) / 127)
    assert np.array_equal(per_channel(np.zeros((2, 3))), np.ones(3))


def test_every_stage_is_near_its_float_form(layer, values, encoder):
    trace = encoder[1]
    assert list(values) == ["hidden", *STAGES]
    near = {name: cosine(layer.real(name, values[name]), layer.expected(name, trace)) for name in STAGES}
    assert min(near.values()) > 0.999
    for name in ("attention_sum", "output_sum", "inner_input"):
        assert np.abs(values[name]).max() > 127


def test_a_step_off_is_seen(layer, encoder):
    """The nearness of the test before is no matter of course."""
    trace = encoder[1]
    codes = golden_layer(layer, layer.enter(trace.hidden + 0.5), LENGTHS)["output"]
    assert cosine(layer.real("output", codes), trace.output) < 0.98


def test_the_residual_is_added_as_exactly_as_int16_lets(layer, values):
    steps = layer.steps
    exact = values["attention_output"] * steps.attention_sum + values["hidden"] * steps.hidden
    wanted = exact / steps.attention_sum
    # The sum is rounded once, after a multiplier of 16 bits; the factors have an error of half of one in so many.
    factors = np.abs(values["hidden"]) * 0.5 / layer.operands.adder(steps.attention_sum, steps.hidden)["cos"]
    assert (np.abs(values["attention_sum"] - wanted) <= 0.5 + factors + np.abs(wanted) * 2.0**-16).all()


def test_a_projection_takes_a_zero_that_is_not_0(layer, values, encoder):
    weights, _ = encoder
    assert layer.steps.inner_zero < -60
    matrix, bias = weights.matrix(0, "feed_forward_out")
    exact = layer.real("inner", values["inner"]) @ matrix.T + bias
    off = layer.real("feed_forward_out", values["feed_forward_out"]) - exact
    assert np.abs(off).max() < 0.02 * np.abs(exact).max()


def test_other_activations_are_refused(encoder, layer, designs):
    other = DigitsEncoder(encoder[0].parameters, config={"hidden_act": "relu"})
    message = r"^Transformer hidden_act must be gelu for an integer layer, not 'relu'$"
    with pytest.raises(InputError, match=message):
        IntegerLayer(other, 0, layer.steps, designs)


@pytest.fixture(scope="module")
def operands():
    rng = np.random.default_rng(4)
    trace_like = [rng.normal(0, 1, (3, 2, 11, 8)) for _ in range(3)]
    for each in trace_like:
        each[1, :, 4:] = 0
    return HeadOperands(*trace_like, (11, 4, 11))


def test_heads_on_the_engine_are_float_attention_but_for_rounding(operands):
    run = run_heads(load(SMALL), operands)
    assert run.equal == run.result.size == 3 * 2 * 11 * 8
    assert run.real.shape == (26, 2, 8)
    own = np.abs(run.real - run.quantized) / run.ranges[..., np.newaxis]
    assert 0 < own.max() < 2**-9
    off = np.abs(run.real - run.exact)
    assert own.max() < (off / run.ranges[..., np.newaxis]).max() < 0.02
    assert run.useful == (11**2 + 4**2 + 11**2) * 2 * 16
    alone = HeadOperands(*(each[1:2, :, :4] for each in (operands.q, operands.k, operands.v)), (4,))
    np.testing.assert_allclose(run.exact[11:15], alone.attend()[0].transpose(1, 0, 2))


def test_shares_of_a_head_are_read_part_by_part(operands):
    """Eleven tokens, of which a value shows eight at a time."""
    head = typical_head(operands)
    found = map_head(load(SMALL), operands, head)
    assert found.real.shape == found.rtl.shape == (11, 11)
    assert found.real.sum(axis=1) == pytest.approx(np.ones(11))
    assert 0 < np.abs(found.rtl - found.real).max() < 0.01
    sharpness = [map_head(load(SMALL), operands, at).real.max(axis=1).mean() for at in range(2)]
    assert head == int(np.argmax(sharpness))


def test_the_gradients_of_the_small_transformer_are_its_slopes():
    rng = np.random.default_rng(6)
    parameters = {name: values.astype(np.float64) for name, values in _initial(rng).items()}
    images, labels = rng.random((3, 8, 8, 1)), np.array([1, 5, 7])

    def loss(changed):
        logits = np.log(softmax_scores(changed, images))
        return -logits[np.arange(3), labels].mean()

    gradients = gradients_of(parameters, images, labels)
    assert gradients.keys() == parameters.keys()
    for name, values in parameters.items():
        way = rng.standard_normal(values.shape)
        there, back = ({**parameters, name: values + sign * 1e-5 * way} for sign in (1, -1))
        slope = (loss(there) - loss(back)) / 2e-5
        assert float((gradients[name] * way).sum()) == pytest.approx(slope, rel=1e-5, abs=1e-9), name


def softmax_scores(parameters, images):
    from rtloom.examples.attention.digits_encoder import _Tape
    from rtloom.examples.transformer.encoder import softmax

    return softmax(_Tape(parameters).forward(images) @ parameters["classifier"].T)


def test_the_small_transformer_learns_the_same_every_time():
    digits = load_digits()
    learn = digits.train_images[:400], digits.train_labels[:400]
    first, second = (train_encoder(*learn, epochs=2) for _ in range(2))
    for name, values in first.parameters.items():
        assert np.array_equal(values, second.parameters[name])
    assert first.parameters.keys() == _initial(np.random.default_rng(0)).keys()


REFUSED = {
    "family": ("systolic-4x4-int8", "Demo spec must be of the family attention, not 'systolic'"),
    "format": ("attention-8x64-kv4", "Demo spec kv_format must be int8, not 'int4'"),
    "softmax": ("attention-unified-max", "Demo spec softmax must be online or three_pass, not 'unified_max'"),
    "scales": (
        {**SMALL, "params": {"kv_scale_bits": 3}},
        "Demo spec kv_scale_bits must be null, not 3",
    ),
    "result": (
        {**SMALL, "params": {"requantize": True, "output_format": "int4"}},
        "Demo spec output_format must be int8, not 'int4'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_designs_are_refused(name):
    spec, message = REFUSED[name]
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        engine_spec(spec)


def test_lanes_divide_heads_of_any_length():
    made = layer_designs(engine_spec("attention-4x32-layer"), 24)
    plain = made.attention.params
    assert (plain.e, plain.f, plain.e_lanes, plain.f_lanes, plain.requantize) == (24, 24, 12, 12, True)
    assert not made.heads.params.requantize
    assert len({design.name for design in made.all}) == 7


def test_the_real_transformer_in_integers_is_near_the_float_one(minilm):
    """The first two layers, each from the float input of its own; sentences that no scale was taken from."""
    subject = subjects.sentence_subject(minilm)
    made = layer_designs(engine_spec("attention-4x32-layer"), subject.head)
    shown, hidden = subject.shown.hidden, subject.measured.hidden
    for at in range(2):
        seen = run_layer(minilm, at, shown, subject.shown.lengths)
        trace = run_layer(minilm, at, hidden, subject.measured.lengths)
        layer = IntegerLayer(minilm, at, Steps.calibrate(seen, minilm.heads), made)
        output = golden_layer(layer, layer.enter(hidden), subject.measured.lengths)["output"]
        ends = np.cumsum(subject.measured.lengths)[:-1]
        real = layer.real("output", output)
        pairs = zip(np.split(real, ends), np.split(trace.output, ends), strict=True)
        assert min(cosine(*pair) for pair in pairs) > 0.99
        shown, hidden = seen.output, trace.output
