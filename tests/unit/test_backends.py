"""What the runtime says of itself, read."""

from slm_lsp.engine import backends


def test_the_processors_features_are_read_among_those_of_others():
    said = "CUDA : ARCHS = 900 | F16 = 1 | CPU : SSE3 = 1 | AVX2 = 1 | AMX = 0 | REPACK = 1 | "
    assert backends._features(said) == ("SSE3", "AVX2", "REPACK")
    assert backends._features("CPU : NEON = 1 | DOTPROD = 1 | BLAS : X = 1 | ") == (
        "NEON",
        "DOTPROD",
    )
    assert backends._features("") == ()
