"""The tables of docs/attention.md about a transformer's layer, from the figures of ``rtloom demo attention``."""

from rtloom.docs.tables import Plain, figure, paragraphs, table


def stage_tables(results: Plain) -> str:
    """Return what came of the heads, and a row for each stage of the layer."""
    heads, layer = results["heads"], results["layer"]
    head = ["stage", "design", "result", "cycles", "utilisation", "cosine with float"]
    same, outputs = (sum(part[key]["value"] for part in (heads, layer)) for key in ("equal", "outputs"))
    own, rms = (heads[key]["value"] for key in ("largest_own_error", "rms_own_error"))
    single = [plain["value"] for plain in results["each_layer"]]
    cosines = [head["cosine"]["value"] for head in heads["heads"]]
    return paragraphs(
        f"{results['model']}, {results['tokens']} tokens of {results['sequences']} sequences. "
        f"{same:,} of {outputs:,} results of the Verilog equal the golden models bit for bit (rtl-sim).",
        f"All {len(cosines)} heads of layer 0 as one job: {heads['cycles']['value']:,} cycles; cosine of each with "
        f"float attention at least {min(cosines):.5f}; the engine's own error, against float attention of the same "
        f"integers, at most {own:.3f} % of the range of V, rms {rms:.4f} %.",
        table(head, map(_stage, layer["stages"])),
        f"The layer takes {layer['cycles']['value']:,} cycles, one stage after the other (rtl-sim). Its output has a "
        f"cosine of {layer['cosine']['value']:.4f} with float, at least {layer['least_cosine']['value']:.4f} for each "
        f"sequence; single layers by golden models at least {min(single):.4f}.",
    )


def _stage(stage: Plain) -> list[str]:
    """Return the row of a stage."""
    return [
        stage["name"].replace("_", " "),
        f"`{stage['design']}`",
        stage["format"],
        f"{stage['cycles']['value']:,}",
        f"{stage['utilisation']['value']:.1f} %",
        f"{stage['cosine']['value']:.5f}",
    ]


def similarity_table(results: Plain) -> str:
    """Return how alike sentences are in float and in integers; nothing where digits stood in for them."""
    found = results.get("similarity")
    if found is None:
        return ""
    rows = [
        [pair["first"], pair["second"], *(f"{pair[key]['value']:.3f}" for key in ("float", "integers"))]
        for pair in found["pairs"]
    ]
    largest, rms = (found[key]["value"] for key in ("largest_error", "rms_error"))
    return paragraphs(
        table(["sentence", "sentence", "float", "integers"], rows),
        f"Of all {figure(found['compared']).short} the largest difference is {largest:.4f}, rms {rms:.4f}. "
        f"Source: {found['pairs'][0]['integers']['source']}.",
    )
