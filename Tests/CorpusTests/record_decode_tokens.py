#!/usr/bin/env python3
"""Records what LiteRT generates with the KV-cache models of the corpora: after one prefill, the best token that the text does not have yet,
again and again, the caches fed back by name. (The best token alone is soon the same one for ever: the weights are random.)

Writes decode_tokens.json beside this file: per model the tokens and the smallest distance between the best and the second logit, which says
how much a runtime may differ before another token is right too. Where the reference kernels generate other tokens, theirs are recorded too,
but for the models where they are known to be wrong: blockwise weights, and attention with one KV head (a bug of the converter).

Usage: record_decode_tokens.py MODELS_FOLDER     (needs ai-edge-litert and numpy)
"""

import json
import pathlib
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

STEPS = 14
PROMPT = 16


def prompt(vocabulary):
    return [(37 * position + 11) % vocabulary for position in range(PROMPT)]


def extra(details, positions, end):
    """The inputs besides tokens, positions and caches: an additive mask, and where tokens are written."""
    values = {}
    if "mask" in details:
        shape = details["mask"]["shape"]
        mask = np.full(shape, -1e9, np.float32)
        for row, position in enumerate(positions):
            mask[0, 0, row, : position + 1] = 0
        values["mask"] = mask
    if "param_tensor" in details:
        parameters = np.zeros(details["param_tensor"]["shape"], np.int32)
        parameters[0, 0, 0, :4] = [positions[0], end, end, len(positions)]
        values["param_tensor"] = parameters
    return values


def generate(path, resolver):
    interpreter = Interpreter(model_path=str(path), num_threads=1, experimental_op_resolver_type=resolver)
    prefill = interpreter.get_signature_runner("prefill_16")
    decode = interpreter.get_signature_runner("decode")
    inputs, outputs = decode.get_input_details(), decode.get_output_details()
    vocabulary = int(outputs["logits"]["shape"][-1])
    caches = {
        name: np.zeros(detail["shape"], detail["dtype"]) for name, detail in inputs.items() if name.startswith("kv_cache")
    }
    tokens, margins = [], []
    positions = list(range(PROMPT))
    text = prompt(vocabulary)
    caches = prefill(
        tokens=np.array([text], np.int32), input_pos=np.array(positions, np.int32),
        **extra(prefill.get_input_details(), positions, PROMPT), **caches)
    token, position = text[-1], PROMPT - 1
    capacity = max(caches["kv_cache_k_0"].shape[1], caches["kv_cache_k_0"].shape[2])
    while len(tokens) < STEPS and position < capacity:
        result = decode(
            tokens=np.array([[token]], np.int32), input_pos=np.array([position], np.int32),
            **extra(inputs, [position], position + 1), **caches)
        logits = result.pop("logits").reshape(-1)
        caches = result
        logits[text] = -np.inf
        best = np.sort(logits)[-2:]
        token = int(np.argmax(logits))
        tokens.append(token)
        text.append(token)
        margins.append(float(best[1] - best[0]))
        position += 1
    return tokens, margins


def main():
    folder = pathlib.Path(sys.argv[1])
    record = {}
    for path in sorted(folder.iterdir()):
        cases = path / "cases.json"
        if not cases.exists() or "decode" not in cases.read_text():
            continue
        model = path / "model.tflite"
        first, margins = generate(model, OpResolverType.BUILTIN)
        second, _ = generate(model, OpResolverType.BUILTIN_REF)
        record[path.name] = {"tokens": first, "smallest_margin": round(min(margins), 6)}
        is_reference_wrong = "block32" in path.name or path.name.startswith("gen_gemma3")
        if second != first and not is_reference_wrong:
            record[path.name]["reference"] = second
        print(path.name, record[path.name])
    output = pathlib.Path(__file__).with_name("decode_tokens.json")
    output.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


main()
