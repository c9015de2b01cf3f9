"""What goes wrong around a server, and what it does then. Usage: faults.py TFLITE FOLDER

FOLDER has the models rows.tflite and counting.tflite; the script starts its own servers."""

import http.client
import json
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

TFLITE, MODELS = sys.argv[1:3]
failures = 0
work = tempfile.mkdtemp()
ROWS = json.dumps({"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]})


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print(f"FAILED {what}")


def wait_until(condition, what):
    deadline = time.time() + 20
    while time.time() < deadline:
        if condition():
            return
        time.sleep(0.05)
    check(False, what)


def counting(limit, timeout=None):
    request = {"inputs": [{"name": "limit", "shape": [], "datatype": "INT32", "data": [limit]}]}
    if timeout:
        request["parameters"] = {"timeout": timeout}
    return json.dumps(request)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def add(repository, name, model, version=1, config=None):
    folder = os.path.join(repository, name, str(version))
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.path.join(MODELS, model + ".tflite"), os.path.join(folder, "model.tflite"))
    if config:
        with open(os.path.join(repository, name, "config.json"), "w") as file:
            json.dump(config, file)


class Server:
    def __init__(self, *options, config=None, log=None):
        self.options = options
        self.repository = tempfile.mkdtemp(dir=work)
        add(self.repository, "rows", "rows")
        add(self.repository, "counting", "counting", config=config)
        self.log = open(os.path.join(self.repository, ".log"), "w+")
        self.start(open(log, "w") if log else self.log)

    def start(self, log):
        self.port = free_port()
        self.process = subprocess.Popen(
            [TFLITE, "serve", self.repository, "--http-port", str(self.port), "--grpc-port", "0", *self.options], stderr=log)

    def again(self):
        """Another process on the same folder."""
        self.start(self.log)
        return self

    def __enter__(self):
        deadline = time.time() + 20
        while time.time() < deadline:
            try:
                if self.get("/v2/health/ready")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit("the server does not start: " + self.errors())

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                check(self.process.wait(timeout=40) == 0, f"exit status {self.process.returncode}: {self.errors()}")
            except subprocess.TimeoutExpired:
                check(False, "SIGTERM ends the server")
                self.process.kill()

    def errors(self):
        self.log.seek(0)
        return self.log.read()[-2000:]

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def get(self, path):
        return self.ask("GET", path, None)

    def ask(self, method, path, body, headers={}):
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def infer(self, model="rows", body=ROWS):
        return self.ask("POST", f"/v2/models/{model}/infer", body)

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def works(self, what):
        check(self.infer()[0] == 200, f"serves after {what}")


def stalls():
    with Server("--idle-timeout", "1") as server:
        stalled = []
        for text in (b"", b"GET /v2 HT", b"POST /v2/models/rows/infer HTTP/1.1\r\nContent-Length: 100\r\n\r\n{\"in"):
            s = socket.create_connection(("127.0.0.1", server.port))
            s.sendall(text)
            s.settimeout(10)
            stalled.append(s)
        server.works("stalled clients")
        for s in stalled:
            try:
                while s.recv(1000):
                    pass
            except ConnectionResetError:
                pass
            except TimeoutError:
                check(False, "a stalled client is cut off")
        check(b"tflite_server_requests 0" in server.get("/metrics")[1], "stalled requests are given back")


def garbage():
    with Server("--max-request-bytes", "100000") as server:
        for text in (b"\0" * 100, b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00", b"A" * 200_000,
                     b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
                     b"POST /v2/models/rows/infer HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                     b"POST /v2/models/rows/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                     b"POST /v2/models/rows/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"):
            s = socket.create_connection(("127.0.0.1", server.port))
            s.settimeout(3)
            try:
                s.sendall(text)
                s.recv(1000)
            except OSError:
                pass
            s.close()
        server.works("garbage")
        # A body without a length is cut off where the limit is.
        before = server.memory()
        s = socket.create_connection(("127.0.0.1", server.port))
        s.sendall(b"POST /v2/models/rows/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        try:
            for _ in range(300):
                s.sendall(chunk)
            s.sendall(b"0\r\n\r\n")
            s.settimeout(10)
            check(b" 413 " in s.recv(100), "a chunked body over the limit is refused")
        except OSError:
            pass
        s.close()
        server.works("an endless body")
        check(server.memory() - before < 64_000, f"memory grew by {server.memory() - before} KiB over refused bodies")


def connections():
    with Server() as server:
        many = []
        for _ in range(2000):
            s = socket.create_connection(("127.0.0.1", server.port))
            many.append(s)
        server.works("2000 idle connections")
        for s in many:
            s.close()
        server.works("2000 closed connections")


def idle_connections():
    """10,000 idle connections, twice: new requests are served meanwhile, and nothing stays behind."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(10_000, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Server("--max-connections", str(wanted + 100), "--idle-timeout", "600") as server:
        server.works("nothing yet")
        before = server.descriptors()
        memory = []
        for _ in range(2):
            many = []
            for _ in range(wanted):
                s = socket.socket()
                s.connect(("127.0.0.1", server.port))
                many.append(s)
            for s in many[::1000]:
                s.sendall(b"POST /v2/models/rows/infer HTTP/1.1\r\nContent-Length: 100\r\n\r\n{\"in")
            wait_until(lambda: server.descriptors() >= wanted, f"{wanted} connections are accepted")
            server.works(f"{wanted} idle connections")
            for s in many:
                s.close()
            wait_until(lambda: server.descriptors() <= before + 5, "descriptors are given back")
            memory.append(server.memory())
        check(memory[1] - memory[0] < 32_000, f"memory grows with each round of connections: {memory} KiB")
    # More than the server takes: those it has are served, and when others leave, so are new ones.
    with Server("--max-connections", "200", "--idle-timeout", "600") as server:
        connection = server.connection()
        connection.request("POST", "/v2/models/rows/infer", ROWS)
        connection.getresponse().read()
        before = server.descriptors()
        many = []
        # All of them come at the same moment, as the server sees it.
        os.kill(server.process.pid, signal.SIGSTOP)
        for _ in range(600):
            s = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            many.append(s)
        os.kill(server.process.pid, signal.SIGCONT)
        wait_until(lambda: server.descriptors() >= before + 199, "connections up to the limit are accepted")
        for _ in range(50):
            connection.request("POST", "/v2/models/rows/infer", ROWS)
            check(json.loads(connection.getresponse().read())["outputs"][0]["data"] == [2, 4, 6, 8], "answer at the limit")
        check(server.descriptors() == before + 199, f"connections above the limit: {server.descriptors() - before - 199}")
        for s in many:
            s.close()
        server.works("more connections than allowed")


def corrupt_versions():
    """New versions that cannot be loaded, of every kind: the old one keeps serving and nothing piles up."""
    with Server() as server:
        with open(os.path.join(MODELS, "rows.tflite"), "rb") as file:
            good = file.read()
        broken = {
            2: b"", 3: b"TFL3", 4: good[:-1][:200], 5: good[:40] + b"\xff" * 64 + good[104:], 6: os.urandom(5000),
            7: good.replace(b"TFL3", b"TFL9"),
        }
        memory = descriptors = 0
        for turn in range(6):
            for version, content in broken.items():
                folder = os.path.join(server.repository, "rows", str(version))
                shutil.rmtree(folder, ignore_errors=True)
                os.makedirs(folder)
                with open(os.path.join(folder, "model.tflite"), "wb") as file:
                    file.write(content)
                status, answer = server.ask("POST", "/v2/repository/models/rows/load", None)
                check(status in (400, 500) and b"load failed" in answer, f"loading version {version}: {status} {answer}")
                status, answer = server.infer()
                check(status == 200 and json.loads(answer)["outputs"][0]["data"] == [2, 4, 6, 8],
                      f"version 1 serves beside version {version}: {status} {answer[:200]}")
            # A folder, a pipe that nobody writes to, and a link to nowhere in place of the file.
            for version, make in ((8, os.makedirs), (9, os.mkfifo), (10, lambda path: os.symlink("/nowhere", path))):
                folder = os.path.join(server.repository, "rows", str(version))
                shutil.rmtree(folder, ignore_errors=True)
                os.makedirs(folder)
                make(os.path.join(folder, "model.tflite"))
                server.ask("POST", "/v2/repository/models/rows/load", None)
                check(server.infer()[0] == 200, f"version 1 serves beside version {version}")
            if turn == 1:
                memory, descriptors = server.memory(), server.descriptors()
        check(server.memory() - memory < 16_000, f"memory grew by {server.memory() - memory} KiB over failed loads")
        check(server.descriptors() <= descriptors + 3, f"descriptors: {descriptors}, then {server.descriptors()}")
        index = json.loads(server.ask("POST", "/v2/repository/index", None)[1])
        states = {(m["name"], m.get("version")): m["state"] for m in index}
        check(states.get(("rows", "1")) == "READY", f"index {index}")


def killed_while_reloading():
    """SIGKILL at some moment of a reload: another server on the same folder answers as if nothing had been."""
    server = Server()
    for turn in range(6):
        with server if turn == 0 else server.again():
            add(server.repository, "rows", "rows", turn + 2)
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.004 * turn)
            if turn < 5:
                server.process.kill()
                server.process.wait()
            else:
                status, answer = server.infer()
                check(status == 200 and json.loads(answer)["outputs"][0]["data"] == [2, 4, 6, 8], "after SIGKILL")
    names = sorted(os.listdir(os.path.join(server.repository, "rows")))
    check(names == [str(n) for n in range(1, 8)], f"the repository after SIGKILL: {names}")


def full_disk():
    """Logs go to a full disk: requests are served, and the server ends as it should."""
    with Server(log="/dev/full") as server:
        for _ in range(20):
            server.works("a log that cannot be written")
        server.process.send_signal(signal.SIGHUP)
        server.infer("nothing")
        server.works("a reload that cannot be logged")


def overload():
    with Server("--max-requests", "8", config={"max_queue_size": 2}) as server:
        statuses = []

        def ask():
            began = time.time()
            status = server.infer("counting", counting(2**31 - 1, 3_000_000))[0]
            statuses.append((status, time.time() - began))

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        server.works("overload")
        for thread in threads:
            thread.join()
        check(all(status == 503 for status, _ in statuses), f"overload: {statuses}")
        check(sum(took < 1.5 for _, took in statuses) >= 12, "overload is answered quickly")


def reloads():
    with Server() as server:
        stop = threading.Event()
        bad = []

        def load():
            connection = server.connection()
            while not stop.is_set():
                connection.request("POST", "/v2/models/rows/infer", ROWS)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or json.loads(body)["outputs"][0]["data"] != [2, 4, 6, 8]:
                    bad.append(body)

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for version in range(2, 8):
            add(server.repository, "rows", "rows", version)
            file = os.path.join(server.repository, "rows", str(version), "model.tflite")
            if version % 2:
                with open(file, "r+b") as handle:
                    handle.truncate(300)
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.3)
        # The file that is served is overwritten in place.
        with open(os.path.join(server.repository, "rows", "6", "model.tflite"), "wb") as handle:
            handle.write(b"no model")
        time.sleep(0.3)
        stop.set()
        for thread in threads:
            thread.join()
        check(not bad, f"{len(bad)} wrong answers during reloads, such as {bad[:1]}")
        index = json.loads(server.ask("POST", "/v2/repository/index", None)[1])
        states = {(m["name"], m.get("version")): m["state"] for m in index}
        check(states.get(("rows", "6")) == "READY" and states.get(("rows", "7")) == "UNAVAILABLE", f"index {index}")


def shutdown():
    with Server() as server:
        results = []
        thread = threading.Thread(target=lambda: results.append(server.infer("counting", counting(2**31 - 1, 2_000_000))))
        thread.start()
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        check(server.process.wait(timeout=30) == 0, "SIGTERM while a request is under way")
        thread.join()
        check(results and results[0][0] == 503, f"the request under way is answered: {results}")


def sockets_and_tokens():
    folder = tempfile.mkdtemp(dir=work)
    key, certificate, token, path = (os.path.join(folder, n) for n in ("key.pem", "cert.pem", "token", "http.sock"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    with open(token, "w") as file:
        file.write("a-long-secret\n")
    with Server("--token-file", token, "--http-socket", path) as server:
        check(server.get("/v2/models/rows")[0] == 401, "no token")
        check(server.ask("GET", "/v2/models/rows", None, {"Authorization": "Bearer a-long-secret"})[0] == 200, "token")
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        s.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        check(b" 200 " in s.recv(1000), "Unix socket")
        s.close()
    port = free_port()
    repository = tempfile.mkdtemp(dir=work)
    add(repository, "rows", "rows")
    process = subprocess.Popen([TFLITE, "serve", repository, "--http-port", str(port), "--grpc-port", "0",
                                "--tls-certificate", certificate, "--tls-key", key], stderr=subprocess.DEVNULL)
    context = ssl.create_default_context(cafile=certificate)
    status = None
    for _ in range(100):
        try:
            connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=5)
            connection.request("GET", "/v2/health/ready")
            status = connection.getresponse().status
            if status == 200:
                break
        except OSError:
            pass
        time.sleep(0.1)
    check(status == 200, "TLS")
    process.send_signal(signal.SIGTERM)
    check(process.wait(timeout=30) == 0, "the TLS server ends")


def refusals():
    for options in (["/nowhere"], [work, "--http-port", "70000"], [work, "--tls-key", "x"],
                    [work, "--tls-key", "/nowhere", "--tls-certificate", "/nowhere"], [work, "--token-file", "/dev/null"],
                    [work, "--host", "203.0.113.7"]):
        ended = subprocess.run([TFLITE, "serve", *options], capture_output=True, timeout=30)
        check(ended.returncode in (1, 64) and ended.stderr, f"{options}: status {ended.returncode}")
    # What is wrong is said.
    folder = tempfile.mkdtemp(dir=work)
    file, certificate, *keys = (os.path.join(folder, n) for n in ("file", "cert.pem", "key.pem", "other.pem"))
    with open(file, "w") as output:
        output.write("precious")
    for key in keys:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                        "-subj", "/CN=localhost"], check=True, stderr=subprocess.DEVNULL)
    for options, text in ((["--http-socket", file], f"'{file}' is there already"), (["--grpc-socket", file], f"'{file}' is there already"),
                          (["--tls-certificate", file, "--tls-key", keys[0]], f"{file}: cannot be read as certificates"),
                          (["--tls-certificate", certificate, "--tls-key", file], f"{file}: cannot be read as a private key"),
                          (["--tls-certificate", certificate, "--tls-key", keys[0]], f"{keys[0]}: the key does not belong")):
        ended = subprocess.run([TFLITE, "serve", folder, "--http-port", "0", "--grpc-port", str(free_port()), *options],
                               capture_output=True, timeout=30, text=True)
        check(ended.returncode == 1 and text in ended.stderr, f"{options}: status {ended.returncode}, {ended.stderr}")
    with open(file) as kept:
        check(kept.read() == "precious", "a file in the place of a socket is kept")


try:
    for part in (
        stalls, garbage, connections, idle_connections, overload, reloads, corrupt_versions, killed_while_reloading,
        full_disk, shutdown, sockets_and_tokens, refusals,
    ):
        began = time.time()
        part()
        print(f"{part.__name__}: {time.time() - began:.1f} s", flush=True)
finally:
    shutil.rmtree(work, ignore_errors=True)
print("ok" if failures == 0 else f"{failures} failures")
sys.exit(failures != 0)
