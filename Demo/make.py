"""Makes every generated file of this folder: trains, converts, evaluates. See README.md."""

import os

import convert
import digits
import evaluate
import train

FOLDER = os.path.dirname(os.path.abspath(__file__))


def main() -> None:
    training, test = digits.load()
    model = train.train(training)
    float_path = os.path.join(FOLDER, "digits_float32.tflite")
    int8_path = os.path.join(FOLDER, "digits_int8.tflite")
    convert.to_float32(model, float_path)
    convert.to_int8(float_path, int8_path, training)

    float_output = evaluate.outputs(float_path, test.images, evaluate.REFERENCE)
    int8_output = evaluate.outputs(int8_path, test.images, evaluate.REFERENCE)
    examples = evaluate.write_examples(FOLDER, test, float_output, int8_output)

    print("parameters:", sum(parameter.numel() for parameter in model.parameters()))
    rows = [("PyTorch", train.predictions(model, test))]
    for title, path, reference in [("float32 .tflite", float_path, float_output), ("int8 .tflite", int8_path, int8_output)]:
        rows.append((title + ", reference kernels", reference.argmax(1)))
        rows.append((title + ", default kernels", evaluate.outputs(path, test.images, evaluate.OPTIMIZED).argmax(1)))
    for title, predicted in rows:
        print(f"{title:35s} {evaluate.accuracy(predicted, test)}")
    for name, index in examples:
        says = [digits.LABELS[output[index].argmax()] for output in (float_output, int8_output)]
        print(f"{name} is test image {index}: float32 says {says[0]} ({float_output[index].max():.3f}), int8 says {says[1]}")


if __name__ == "__main__":
    main()
