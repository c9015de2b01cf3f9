"""Triton's client over TLS and Unix sockets, with the right token, a wrong one and none; then the server is told to end, while a call is under way.
Usage: secure.py HTTP_PORT GRPC_PORT GRPC_SOCKET CA TOKEN SERVER_PROCESS"""

import os
import queue
import signal
import ssl
import sys
import time

import grpc
import numpy as np
import tritonclient.grpc as grpc_client
import tritonclient.http as http_client
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.utils import InferenceServerException

http_port, grpc_port, socket, authority, token, process = sys.argv[1:]
failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print(f"FAILED {what}", file=sys.stderr)


def infer(client, module, token):
    x = module.InferInput("x", [1, 4], "FP32")
    x.set_data_from_numpy(np.array([[1, 2, 3, 4]], np.float32))
    headers = {"authorization": f"Bearer {token}"} if token else None
    try:
        return client.infer("rows", [x], headers=headers).as_numpy("y").tolist()
    except InferenceServerException as error:
        return error.status()


context = ssl.create_default_context(cafile=authority)
http = http_client.InferenceServerClient(f"localhost:{http_port}", ssl=True, ssl_context_factory=lambda: context)
rpc = grpc_client.InferenceServerClient(f"localhost:{grpc_port}", ssl=True, root_certificates=authority)
local = grpc_client.InferenceServerClient(f"unix:{socket}", ssl=True, root_certificates=authority,
                                          channel_args=[("grpc.ssl_target_name_override", "localhost")])
for name, client, module, refused in (("HTTP", http, http_client, "401"), ("gRPC", rpc, grpc_client, "StatusCode.UNAUTHENTICATED"),
                                      ("gRPC over a socket", local, grpc_client, "StatusCode.UNAUTHENTICATED")):
    check(client.is_server_live(), f"{name}: health needs no token")
    check(infer(client, module, token) == [[2, 4, 6, 8]], f"{name}: the token")
    for wrong in (None, token[:-1], token + "x"):
        found = infer(client, module, wrong)
        check(found == refused, f"{name}: token {wrong}: {found}")
plain = grpc_client.InferenceServerClient(f"localhost:{grpc_port}")
try:
    plain.is_server_live(client_timeout=10)
    check(False, "gRPC without TLS")
except InferenceServerException:
    pass

with open(authority, "rb") as file:
    credentials = grpc.ssl_channel_credentials(file.read())
health = health_pb2_grpc.HealthStub(grpc.secure_channel(f"localhost:{grpc_port}", credentials))
serving = health_pb2.HealthCheckResponse.SERVING
check(health.Check(health_pb2.HealthCheckRequest(), timeout=10).status == serving, "gRPC's health needs no token")
watched = health.Watch(health_pb2.HealthCheckRequest(), timeout=60)
check(next(watched).status == serving, "watching needs no token")

# What is under way is answered, over gRPC too. Who watches hears of the end.
limit = grpc_client.InferInput("limit", [], "INT32")
limit.set_data_from_numpy(np.array(100_000, np.int32))
results = queue.Queue()
shown = {"authorization": f"Bearer {token}"}
# Streams that stay open: one with a request under way, one that had its last answer.
streams = []
for name, tensor in (("counting", limit), ("idle", None)):
    client = grpc_client.InferenceServerClient(f"localhost:{grpc_port}", ssl=True, root_certificates=authority)
    answers = queue.Queue()
    client.start_stream(callback=lambda result, error, answers=answers: answers.put((result, error)), headers=shown)
    if tensor:
        client.async_stream_infer("counting", [limit])
    else:
        few = grpc_client.InferInput("limit", [], "INT32")
        few.set_data_from_numpy(np.array(3, np.int32))
        client.async_stream_infer("counting", [few])
        result, error = answers.get(timeout=60)
        check(error is None and int(result.as_numpy("reached")) == 3, f"the stream's answer: {error}")
    streams.append((name, client, answers))
rpc.async_infer("counting", [limit], headers=shown,
                callback=lambda result, error: results.put((result, error)))
time.sleep(0.2)
os.kill(int(process), signal.SIGTERM)
result, error = results.get(timeout=60)
check(error is None and int(result.as_numpy("reached")) == 100_000, f"the call under way: {error}")
for name, client, answers in streams:
    if name == "counting":
        result, error = answers.get(timeout=60)
        check(error is None and int(result.as_numpy("reached")) == 100_000, f"the stream's request under way: {error}")
    result, error = answers.get(timeout=60)
    check(error is not None and error.status() == "StatusCode.UNAVAILABLE" and error.message() == "the server is ending",
          f"the end of a stream ({name}): {error}")
check([answer.status for answer in watched] == [health_pb2.HealthCheckResponse.NOT_SERVING], "watching the end")
print("ok" if failures == 0 else f"{failures} failures")
sys.exit(failures != 0)
