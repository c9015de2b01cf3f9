"""Opens the server's page in headless Chromium and uses it. Usage: page.py PORT CHROMIUM [SCREENSHOT]

The repository has the model digits. Needs websocket-client from PyPI."""

import base64
import io
import json
import subprocess
import sys
import tempfile
import time
import urllib.request

import numpy as np
import websocket

PORT, CHROMIUM = sys.argv[1:3]
failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print(f"FAILED {what}")


class Browser:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--remote-allow-origins=*",
             "--window-size=1100,1700", f"--user-data-dir={self.folder.name}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.number = 0
        self.errors = []
        deadline = time.time() + 30
        while True:
            try:
                with open(f"{self.folder.name}/DevToolsActivePort") as file:
                    port = int(file.readline())
                tabs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json"))
                break
            except (OSError, ValueError):
                if time.time() > deadline:
                    raise
                time.sleep(0.1)
        self.socket = websocket.create_connection(next(t["webSocketDebuggerUrl"] for t in tabs if t["type"] == "page"))

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.number:
                return answer.get("result", answer)
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(answer["params"])
            if answer.get("method") == "Log.entryAdded" and answer["params"]["entry"]["level"] == "error":
                self.errors.append(answer["params"])

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        return answer.get("result", {}).get("value")

    def close(self):
        self.process.kill()
        self.process.wait()
        try:
            self.folder.cleanup()
        except OSError:
            pass


def main():
    browser = Browser()
    try:
        for domain in ("Runtime", "Log", "Page"):
            browser.call(f"{domain}.enable")
        browser.call("Page.navigate", url=f"http://127.0.0.1:{PORT}/")
        for _ in range(100):
            if browser.run("document.querySelectorAll('#models button').length"):
                break
            time.sleep(0.1)
        browser.run("[...document.querySelectorAll('#models button')].find(b => b.textContent.startsWith('digits ')).click()")
        check(browser.run("byId('title').textContent") == "digits, version 1", "the model's title")
        check(browser.run("byId('inputs').textContent").endswith("args_0FP32[1, 32, 32, 1]"), "inputs")
        check(browser.run("document.querySelectorAll('#placement tr').length") > 5, "placement")
        zeros = browser.run("run(null).then(() => byId('answer').textContent)")
        check("output_0 FP32 [1,10], largest at" in zeros, f"a run on zeros: {zeros}")
        file = io.BytesIO()
        np.save(file, np.ones((1, 32, 32, 1), np.float32))
        encoded = base64.b64encode(file.getvalue()).decode()
        array = browser.run(f"""(async () => {{ const b = Uint8Array.from(atob('{encoded}'), c => c.charCodeAt(0));
          await run(new File([b], 'ones.npy')); return byId('answer').textContent; }})()""")
        check("largest at" in array, f"a run on an array: {array}")
        picture = browser.run("""(async () => { const c = document.createElement('canvas'); c.width = c.height = 50;
          const d = c.getContext('2d'); d.fillStyle = '#fff'; d.fillRect(0, 0, 50, 50);
          const b = await new Promise(r => c.toBlob(r, 'image/png'));
          await run(new File([b], 'white.png', { type: 'image/png' })); return byId('answer').textContent; })()""")
        # A white picture is the array of ones.
        check(picture.split("\n")[1:] == array.split("\n")[1:], f"a run on a picture: {picture}")
        wrong = browser.run("run(new File([new Uint8Array(20)], 'bad.npy')).then(() => byId('answer').textContent)")
        check(wrong == "this is no .npy file", f"a file that is none: {wrong}")
        time.sleep(2.5)
        check("served" in browser.run("byId('facts').textContent"), "counters")
        check(browser.run("document.querySelectorAll('#operators tr').length") > 5, "operators")
        check(browser.run("document.querySelector('#rateChart path').getAttribute('d').length") > 8, "the chart")
        check(not browser.errors, f"errors in the page: {browser.errors}")
        if len(sys.argv) > 3:
            with open(sys.argv[3], "wb") as file:
                file.write(base64.b64decode(browser.call("Page.captureScreenshot")["data"]))
    finally:
        browser.close()
    print("ok" if failures == 0 else f"{failures} failures")
    sys.exit(failures != 0)


main()
