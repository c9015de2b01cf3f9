"""Drives a running server with Triton's client, over HTTP and gRPC. Usage: check.py HTTP_PORT GRPC_PORT

The repository has rows, strings, counting, digits, digits_int8 and split (see scripts/check-server); requests may have a megabyte."""

import json
import queue
import socket
import sys
import time
import urllib.request
import zlib

import grpc
import numpy as np
import tritonclient.grpc as grpc_client
import tritonclient.http as http_client
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.utils import InferenceServerException

HTTP = f"127.0.0.1:{sys.argv[1]}"
GRPC = f"127.0.0.1:{sys.argv[2]}"
failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print(f"FAILED {what}")


def fails(what, status, text, call):
    """The call raises the client's exception with this status and text."""
    try:
        call()
    except InferenceServerException as error:
        found = (error.status() or "").replace("StatusCode.", "")
        check(found == status, f"{what}: status {found}, expected {status}")
        check(text in error.message(), f"{what}: '{error.message()}' lacks '{text}'")
    else:
        check(False, f"{what}: no error")


def tensor(module, name, array, datatype, binary=None):
    value = module.InferInput(name, list(array.shape), datatype)
    if binary is None:
        value.set_data_from_numpy(array)
    else:
        value.set_data_from_numpy(array, binary_data=binary)
    return value


def rows(array):
    return np.maximum(array + np.array([1, 2, 3, 4], np.float32), 0)


def metadata(client, module):
    check(client.is_server_live(), "live")
    check(client.is_server_ready(), "ready")
    check(client.is_model_ready("rows"), "model ready")
    check(client.is_model_ready("rows", "1"), "version ready")
    check(not client.is_model_ready("nothing"), "unknown model not ready")
    as_json = {} if module is http_client else {"as_json": True}
    server = client.get_server_metadata(**as_json)
    check(server["name"] == "tflite" and {"binary_tensor_data", "classification"} <= set(server["extensions"]), "server metadata")
    model = client.get_model_metadata("rows", **as_json)
    check([int(d) for d in model["inputs"][0]["shape"]] == [-1, 4], "model metadata")
    check(model["outputs"][0]["datatype"] == "FP32", "output type")
    config = client.get_model_config("digits_int8", **as_json)
    config = config.get("config", config)
    check(config["input"][0]["data_type"] == "TYPE_INT8", "configuration")
    check(config["output"][0]["label_filename"] == "labels.txt", "labels in the configuration")
    index = client.get_model_repository_index(**as_json)
    models = index if module is http_client else index["models"]
    check({m["name"] for m in models} >= {"rows", "strings"}, "index")


def inference(client, module, variants):
    random = np.random.default_rng(7)
    for options in variants:
        for count in (1, 3, 17):
            x = random.standard_normal((count, 4)).astype(np.float32)
            outputs = [module.InferRequestedOutput("y", **options)] if options else None
            answer = client.infer(
                "rows", [tensor(module, "x", x, "FP32", options.get("binary_data"))], outputs=outputs, request_id="r1")
            check(np.array_equal(answer.as_numpy("y"), rows(x)), f"rows {count} {options}")
            check(answer.get_response()["id"] == "r1" if module is http_client else answer.get_response().id == "r1", "id")
        a = np.array(["x", "", "é", "a\0b"], dtype=np.object_)
        b = np.array(["x", "y", "é", "a"], dtype=np.object_)
        binary = options.get("binary_data")
        answer = client.infer(
            "strings", [tensor(module, "a", a, "BYTES", binary), tensor(module, "b", b, "BYTES", binary)],
            outputs=[module.InferRequestedOutput(n, **options) for n in ("a", "same")])
        check(answer.as_numpy("same").tolist() == [True, False, True, False], f"strings {options}")
        echoed = [s if isinstance(s, str) else s.decode() for s in answer.as_numpy("a").tolist()]
        check(echoed == ["x", "", "é", "a\0b"], f"echoed strings {options}: {echoed}")
        image = random.integers(-128, 128, (1, 32, 32, 1)).astype(np.int8)
        answer = client.infer("digits_int8", [tensor(module, "args_0", image, "INT8", binary)])
        first = answer.as_numpy("output_0")
        check(first.shape == (1, 10) and first.dtype == np.int8, "int8")
        again = client.infer("digits_int8", [tensor(module, "args_0", image, "INT8", binary)]).as_numpy("output_0")
        check(np.array_equal(first, again), "int8 is repeatable")
        zero = np.zeros((1, 32, 32, 1), np.float32)
        check(abs(client.infer("digits", [tensor(module, "args_0", zero, "FP32", binary)]).as_numpy("output_0").sum() - 1) < 1e-3,
              "float probabilities")


def classification(client, module, variants, invalid):
    """The highest values with their places, as text; of each item where the model takes batches, and with labels where it has them."""
    def texts(answer, name):
        array = answer.as_numpy(name)
        return [s if isinstance(s, str) else s.decode() for s in array.flatten().tolist()], array.shape

    random = np.random.default_rng(11)
    for options in variants:
        binary = options.get("binary_data")
        x = random.standard_normal((2, 4)).astype(np.float32)
        values = rows(x).flatten()
        order = np.argsort(-values, kind="stable")
        for count in (1, 3, 8, 100):
            found, shape = texts(client.infer(
                "rows", [tensor(module, "x", x, "FP32", binary)],
                outputs=[module.InferRequestedOutput("y", class_count=count, **options)]), "y")
            expected = [f"{values[i]:.6f}:{i}" for i in order[:count]]
            check(found == expected and shape == (len(expected),), f"{count} classes {options}: {found}, {shape}")
        images = random.integers(-128, 128, (3, 32, 32, 1)).astype(np.int8)
        given = [tensor(module, "args_0", images, "INT8", binary)]
        raw = client.infer("digits_int8", given).as_numpy("output_0")
        found, shape = texts(client.infer(
            "digits_int8", given, outputs=[module.InferRequestedOutput("output_0", class_count=2, **options)]), "output_0")
        expected = [f"{item[i]}:{i}:digit {i}" for item in raw for i in np.argsort(-item.astype(int), kind="stable")[:2]]
        check(found == expected and shape == (3, 2), f"labelled classes {options}: {found}, {shape}")
    a = np.array(["x"], dtype=np.object_)
    fails("classes of strings", invalid, "unsupported type 'BYTES'", lambda: client.infer(
        "strings", [tensor(module, "a", a, "BYTES"), tensor(module, "b", a, "BYTES")],
        outputs=[module.InferRequestedOutput("a", class_count=1)]))


def compression(client):
    """Messages that gRPC's clients compress: one by one and in streams, within the limits of what they become, whole and damaged."""
    x = np.arange(400, dtype=np.float32).reshape(100, 4)
    for algorithm in ("gzip", "deflate"):
        answer = client.infer("rows", [tensor(grpc_client, "x", x, "FP32")], compression_algorithm=algorithm)
        check(np.array_equal(answer.as_numpy("y"), rows(x)), f"compressed with {algorithm}")
        results = queue.Queue()
        client.start_stream(callback=lambda result, error: results.put((result, error)), compression_algorithm=algorithm)
        for i in range(8):
            client.async_stream_infer("rows", [tensor(grpc_client, "x", x * i, "FP32")])
        for i in range(8):
            result, error = results.get(timeout=30)
            check(error is None and np.array_equal(result.as_numpy("y"), rows(x * i)), f"stream {i} compressed with {algorithm}")
        client.stop_stream()
        # A few kilobytes that become more than a megabyte.
        for count in (1 << 17, 1 << 21):
            fails(f"{count} rows compressed with {algorithm}", "RESOURCE_EXHAUSTED", "exceeds the maximum allowed input size",
                  lambda: client.infer("rows", [tensor(grpc_client, "x", np.zeros((count, 4), np.float32), "FP32")],
                                       compression_algorithm=algorithm))
    good = zlib.compress(bytes(1000))
    for message, what in ((good[:-5], "cut off"), (good[:8], "cut off early"), (b"\x1f\x8b" + bytes(50), "garbage"),
                          (good + b"x", "too long"), (b"", "empty")):
        ended = over_http2([("grpc-encoding", "gzip")], b"\x01" + len(message).to_bytes(4, "big") + message)
        check(ended, f"compressed data that are {what}: no end")
    check(over_http2([("grpc-encoding", "snappy")], bytes(5)), "an unknown compression: no end")
    check(over_http2([("tflite-message-encoding", "gzip")], bytes(5)), "the server's own header: no end")
    answer = client.infer("rows", [tensor(grpc_client, "x", x, "FP32")])
    check(np.array_equal(answer.as_numpy("y"), rows(x)), "after wrong compression")


def over_http2(headers, body):
    """Calls ModelInfer with these bytes as they are; whether the call comes to an end."""
    def frame(kind, flags, stream, payload):
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    def field(name, value):
        # A literal that is not indexed.
        return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()

    fields = [(":method", "POST"), (":scheme", "http"), (":path", "/inference.GRPCInferenceService/ModelInfer"), (":authority", "x"),
              ("te", "trailers"), ("content-type", "application/grpc"), *headers]
    block = b"".join(field(*f) for f in fields)
    with socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=20) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, block) + frame(0, 1, 1, body))
        file = connection.makefile("rb")
        try:
            while len(head := file.read(9)) == 9:
                file.read(int.from_bytes(head[:3], "big"))
                # An answer's end, or a reset.
                if int.from_bytes(head[5:], "big") == 1 and (head[3] == 3 or head[4] & 1):
                    return True
        except TimeoutError:
            pass
        return False


def errors(client, module, names):
    x = np.zeros((1, 4), np.float32)
    good = tensor(module, "x", x, "FP32")
    fails("unknown model", names["not found"], "Request for unknown model: 'nothing' is not found",
          lambda: client.infer("nothing", [good]))
    fails("unknown version", names["not found"], "version 9 is not found", lambda: client.infer("rows", [good], model_version="9"))
    fails("wrong name", names["invalid"], "unexpected inference input 'z' for model 'rows'",
          lambda: client.infer("rows", [tensor(module, "z", x, "FP32")]))
    fails("wrong shape", names["invalid"], "unexpected shape for input 'x' for model 'rows'. Expected [-1,4], got [1,5]",
          lambda: client.infer("rows", [tensor(module, "x", np.zeros((1, 5), np.float32), "FP32")]))
    fails("wrong type", names["invalid"], "data-type is 'INT32', but model 'rows' expects 'FP32'",
          lambda: client.infer("rows", [tensor(module, "x", x.astype(np.int32), "INT32")]))
    fails("missing input", names["invalid"], "expected 2 inputs but got 1 inputs for model 'strings'",
          lambda: client.infer("strings", [tensor(module, "a", np.array(["x"], dtype=np.object_), "BYTES")]))
    fails("wrong output", names["invalid"], "unexpected inference output 'q' for model 'rows'",
          lambda: client.infer("rows", [good], outputs=[module.InferRequestedOutput("q")]))
    fails("oversized", names["too large"], "", lambda: client.infer(
        "rows", [tensor(module, "x", np.zeros((1 << 17, 4), np.float32), "FP32")]))
    forever = tensor(module, "limit", np.array(2**31 - 1, np.int32).reshape(()), "INT32")
    fails("timeout", names["unavailable"], "Request timeout expired",
          lambda: client.infer("counting", [forever], timeout=200_000))
    check(np.array_equal(client.infer("rows", [good]).as_numpy("y"), rows(x)), "the connection goes on")


def asynchronous_http(client):
    x = np.ones((2, 4), np.float32)
    pending = [client.async_infer("rows", [tensor(http_client, "x", x * i, "FP32")]) for i in range(16)]
    for i, request in enumerate(pending):
        check(np.array_equal(request.get_result().as_numpy("y"), rows(x * i)), f"asynchronous {i}")


def asynchronous_grpc(client):
    x = np.ones((2, 4), np.float32)
    results = queue.Queue()
    for i in range(16):
        client.async_infer("rows", [tensor(grpc_client, "x", x * i, "FP32")], request_id=str(i),
                           callback=lambda result, error: results.put((result, error)))
    for _ in range(16):
        result, error = results.get(timeout=30)
        check(error is None, f"asynchronous {error}")
        if error is None:
            i = int(result.get_response().id)
            check(np.array_equal(result.as_numpy("y"), rows(x * i)), f"asynchronous {i}")


def streaming(client):
    x = np.ones((1, 4), np.float32)
    results = queue.Queue()
    client.start_stream(callback=lambda result, error: results.put((result, error)))
    for i in range(32):
        name = "wrong" if i == 5 else "x"
        client.async_stream_infer("rows", [tensor(grpc_client, name, x * i, "FP32")], request_id=str(i))
    for i in range(32):
        result, error = results.get(timeout=30)
        if i == 5:
            check(error is not None and "unexpected inference input 'wrong'" in error.message(), "error in a stream")
        else:
            check(error is None and np.array_equal(result.as_numpy("y"), rows(x * i)), f"stream {i}")
    client.stop_stream()


def cancelled_count():
    text = urllib.request.urlopen(f"http://{HTTP}/metrics").read().decode()
    line = next(l for l in text.splitlines()
                if l.startswith("nv_inference_request_failure") and 'model="counting"' in l and "CANCELED" in l)
    return int(line.split()[-1])


def wait_for(condition, what):
    deadline = time.time() + 20
    while time.time() < deadline:
        if condition():
            return
        time.sleep(0.05)
    check(False, what)


def cancellation(client):
    forever = tensor(grpc_client, "limit", np.array(2**31 - 1, np.int32).reshape(()), "INT32")
    before = cancelled_count()
    results = queue.Queue()
    call = client.async_infer("counting", [forever], callback=lambda result, error: results.put(error))
    time.sleep(0.3)
    call.cancel()
    check(results.get(timeout=10) is not None, "cancelled call")
    wait_for(lambda: cancelled_count() == before + 1, "gRPC cancellation reaches the model")
    fails("client's deadline", "DEADLINE_EXCEEDED", "", lambda: client.infer("counting", [forever], client_timeout=0.3))
    wait_for(lambda: cancelled_count() == before + 2, "a gRPC deadline reaches the model")
    # Over HTTP, a client cancels by hanging up.
    body = b'{"inputs":[{"name":"limit","shape":[],"datatype":"INT32","data":[2147483647]}]}'
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    connection.sendall(b"POST /v2/models/counting/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    time.sleep(0.3)
    connection.close()
    wait_for(lambda: cancelled_count() == before + 3, "hanging up reaches the model")
    few = tensor(grpc_client, "limit", np.array(5, np.int32).reshape(()), "INT32")
    check(int(client.infer("counting", [few]).as_numpy("reached")) == 5, "the instance is free again")


def control(client, module):
    client.unload_model("split")
    check(not client.is_model_ready("split"), "unloaded")
    client.load_model("split", config='{"instances": 2}')
    check(client.is_model_ready("split"), "loaded")
    status = "404" if module is http_client else "NOT_FOUND"
    fails("loading what is not there", status, "failed to load 'nothing'", lambda: client.load_model("nothing"))


def health(client):
    """gRPC's own health service: what it says follows the models."""
    with grpc.insecure_channel(GRPC) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        status = health_pb2.HealthCheckResponse

        def asked(name):
            return stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10).status

        for name in ("", "inference.GRPCInferenceService"):
            check(asked(name) == status.SERVING, f"health of '{name}'")
        try:
            asked("nothing")
            check(False, "health of an unknown service")
        except grpc.RpcError as error:
            check(error.code() == grpc.StatusCode.NOT_FOUND, f"health of an unknown service: {error.code()}")
        # The client from PyPI does not know this one yet.
        listed = channel.unary_unary("/grpc.health.v1.Health/List")(b"", timeout=10)
        check(b"inference.GRPCInferenceService" in listed and listed.count(b"\x08\x01") == 2, f"list of health: {listed}")
        unknown = stub.Watch(health_pb2.HealthCheckRequest(service="nothing"), timeout=60)
        check(next(unknown).status == status.SERVICE_UNKNOWN, "watching an unknown service")
        unknown.cancel()
        watched = stub.Watch(health_pb2.HealthCheckRequest(), timeout=60)
        check(next(watched).status == status.SERVING, "watching")
        client.unload_model("split")
        fails("a signature that is not there", "INTERNAL", "split", lambda: client.load_model("split", config='{"signature": "nothing"}'))
        check(next(watched).status == status.NOT_SERVING and asked("") == status.NOT_SERVING, "watching a model fail")
        check(not client.is_server_ready(), "ready says the same")
        client.load_model("split")
        check(next(watched).status == status.SERVING and asked("") == status.SERVING, "watching it come back")
        watched.cancel()


def over_one_connection():
    """What repeats over a connection is answered at once: the same answers to requests that come together, in parts, and between wrong ones."""
    def infer(values, asked_id="", datatype="FP32", binary=True, version="", close=False):
        raw = np.array(values, np.float32).tobytes()
        values_of = {"parameters": {"binary_data_size": len(raw)}} if binary else {"data": list(values)}
        head = json.dumps({
            "id": asked_id, "parameters": {"binary_data_output": binary},
            "inputs": [{"name": "x", "datatype": datatype, "shape": [len(values) // 4, 4], **values_of}]}).encode()
        lines = [f"POST /v2/models/rows{version}/infer HTTP/1.1", f"Host: {HTTP}"]
        if binary:
            lines.append(f"Inference-Header-Content-Length: {len(head)}")
            head += raw
        if close:
            lines.append("Connection: close")
        lines.append(f"Content-Length: {len(head)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + head

    def answer(file):
        status = int(file.readline().split()[1])
        headers = {}
        while (line := file.readline()) not in (b"\r\n", b""):
            name, value = line.decode().split(":", 1)
            headers[name.lower()] = value.strip()
        body = file.read(int(headers["content-length"]))
        length = int(headers.get("inference-header-content-length", len(body)))
        document = json.loads(body[:length])
        if status != 200:
            return status, document["error"]
        check("date" in headers and "server" in headers, "the answer has a date and a server")
        output = document["outputs"][0]
        values = np.frombuffer(body[length:], np.float32) if length < len(body) else np.array(output["data"], np.float32)
        return status, document.get("id", ""), values.reshape(output["shape"]).tolist()

    def expected(values, asked_id=""):
        return 200, asked_id, rows(np.array(values, np.float32).reshape(-1, 4)).tolist()

    one, two = [1, -2, 3, -4], [-9, 8, -7, 6, 5, -4, 3, -2]
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
        file = connection.makefile("rb")
        for turn in range(20):
            for values in (one, two, [turn] * 4):
                for binary in (True, False):
                    connection.sendall(infer(values, f"r{turn % 3}", binary=binary, version="/versions/1" if turn % 4 == 3 else ""))
                    check(answer(file) == expected(values, f"r{turn % 3}"), f"repeated request, turn {turn}")
        # Several at once, with wrong ones among them.
        connection.sendall(b"".join([infer(one, "a"), infer(two, "b"), infer(one, "c", datatype="INT32"), infer(two, "d", binary=False),
                                     infer(one, "e", version="/versions/9"), infer(one, "f")]))
        check(answer(file) == expected(one, "a"), "together: first")
        check(answer(file) == expected(two, "b"), "together: other shape")
        check(answer(file)[0] == 400, "together: wrong type")
        check(answer(file) == expected(two, "d"), "together: JSON")
        check(answer(file)[0] == 404, "together: unknown version")
        check(answer(file) == expected(one, "f"), "together: after wrong ones")
        # Byte by byte.
        for byte in infer(one, "slow"):
            connection.sendall(bytes([byte]))
        check(answer(file) == expected(one, "slow"), "byte by byte")
        # More bytes than the JSON says, and fewer.
        request = infer(one)
        connection.sendall(request.replace(b'"binary_data_size": 16', b'"binary_data_size": 12'))
        check(answer(file)[0] == 400, "more bytes than announced")
        connection.sendall(request)
        check(answer(file) == expected(one), "after a wrong size")
        connection.sendall(infer(one, close=True))
        check(answer(file) == expected(one), "the last one")
        check(file.read() == b"", "closed when asked to")
    # One that goes in the middle of a request leaves nothing behind.
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
        file = connection.makefile("rb")
        connection.sendall(infer(one) + infer(one)[:-3])
        check(answer(file) == expected(one), "before half a request")


def main():
    http = http_client.InferenceServerClient(HTTP, concurrency=8)
    rpc = grpc_client.InferenceServerClient(GRPC)
    for client, module in ((http, http_client), (rpc, grpc_client)):
        metadata(client, module)
        control(client, module)
    inference(http, http_client, [{"binary_data": True}, {"binary_data": False}])
    inference(rpc, grpc_client, [{}])
    classification(http, http_client, [{"binary_data": True}, {"binary_data": False}], "400")
    classification(rpc, grpc_client, [{}], "INVALID_ARGUMENT")
    errors(http, http_client,
           {"not found": "404", "invalid": "400", "too large": "413", "unavailable": "503"})
    errors(rpc, grpc_client,
           {"not found": "NOT_FOUND", "invalid": "INVALID_ARGUMENT", "too large": "RESOURCE_EXHAUSTED",
            "unavailable": "UNAVAILABLE"})
    compression(rpc)
    asynchronous_http(http)
    asynchronous_grpc(rpc)
    streaming(rpc)
    cancellation(rpc)
    health(rpc)
    over_one_connection()
    statistics = http.get_inference_statistics("rows")["model_stats"][0]
    check(statistics["inference_stats"]["success"]["count"] > 50, "statistics")
    check(statistics["inference_count"] == statistics["inference_stats"]["success"]["count"], "inference count")
    http.close()
    rpc.close()
    print("ok" if failures == 0 else f"{failures} failures")
    sys.exit(failures != 0)


main()
