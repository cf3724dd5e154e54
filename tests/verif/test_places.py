"""Places and framing: results travel to beats and back, and the flags of the output stream are where they belong."""

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.generators.spec import family
from rtloom.generators.systolic.family import Systolic
from rtloom.verif import goldens, matrix
from rtloom.verif.jobs import jobs_of
from rtloom.verif.places import expected_beats, frames_of, places_of

OUTPUTS = [("systolic", "c"), *((name, "o") for name in ("lut", "sparse", "attention", "vector"))]


@pytest.mark.parametrize(("name", "output"), OUTPUTS)
@pytest.mark.parametrize("number", range(40))
def test_expected_beats_lift_to_the_golden_result(name: str, output: str, number: int) -> None:
    made, configuration = family(name), matrix.random_configuration(3, number, name)
    params = configuration.parsed()
    operation, tensors = jobs_of(name).make(params, "ragged", configuration.data, configuration.seed)
    result = goldens.compute(made, params, operation, tensors)
    job = made.lower(params, operation, **tensors)
    places = places_of(made, params, job)
    values, counts = expected_beats(places, job, result)[output]["data"]
    assert counts.sum() == result.size
    np.testing.assert_array_equal(made.lift(params, job, {output: {"data": values}}), result)

    last = goldens.framing(made, params, job)[output]
    assert last.shape == (job.outputs[output],)
    assert last[-1]
    frame = frames_of(places, {output: last})
    assert frame.max() == last.sum() - 1
    # Of a task of attention all rows may be done again in a later one.
    done_again = getattr(params, "softmax", "") == "unified_max"
    assert done_again or (np.bincount(frame.reshape(-1)) > 0).all()


def test_a_lift_that_calculates_is_refused() -> None:
    class Adding(Systolic):
        def lift(self, params, job, outputs):
            return super().lift(params, job, outputs) // 2

    params = Adding.params()
    job = Adding().lower(params, "gemm", a=np.ones((8, 8), int), b=np.ones((8, 8), int))
    with pytest.raises(InputError, match=r"^Family systolic must lift each output value to one element of the result$"):
        places_of(Adding(), params, job)
