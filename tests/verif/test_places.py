"""Places and framing: results travel to beats and back, and the flags of the output stream are where they belong."""

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.generators.systolic.family import SYSTOLIC, Systolic
from rtloom.verif import goldens, matrix
from rtloom.verif.jobs import make_job
from rtloom.verif.places import expected_beats, frames_of, places_of


@pytest.mark.parametrize("number", range(40))
def test_expected_beats_lift_to_the_golden_result(number: int) -> None:
    configuration = matrix.random_configuration(3, number)
    params = configuration.parsed()
    operation, tensors = make_job(params, "ragged", configuration.data, configuration.seed)
    result = goldens.compute(SYSTOLIC, params, operation, tensors)
    job = SYSTOLIC.lower(params, operation, **tensors)
    places = places_of(SYSTOLIC, params, job)
    values, counts = expected_beats(places, job, result)["c"]["data"]
    assert counts.sum() == result.size
    np.testing.assert_array_equal(SYSTOLIC.lift(params, job, {"c": {"data": values}}), result)

    last = goldens.framing(SYSTOLIC, params, job)["c"]
    assert last.shape == (job.outputs["c"],)
    assert last[-1]
    frame = frames_of(places, {"c": last})
    assert frame.max() == last.sum() - 1
    assert (np.bincount(frame.reshape(-1)) > 0).all()


def test_a_lift_that_calculates_is_refused() -> None:
    class Adding(Systolic):
        def lift(self, params, job, outputs):
            return super().lift(params, job, outputs) // 2

    params = Adding.params()
    job = Adding().lower(params, "gemm", a=np.ones((8, 8), int), b=np.ones((8, 8), int))
    with pytest.raises(InputError, match=r"^Family systolic must lift each output value to one element of the result$"):
        places_of(Adding(), params, job)
