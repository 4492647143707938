# SPDX-License-Identifier: MIT
"""A client of the Debug Adapter Protocol, of a few lines: requests, their responses, and the events in between."""

import json
import queue
import subprocess
import threading

TIMEOUT = 120


class DapClient:
    """Messages that come while a response or an event is waited for are kept."""

    def __init__(self, vitrine, **more):
        self.process = subprocess.Popen([vitrine, "dap"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.sent = 0
        self.came = queue.Queue()
        self.events = []
        self.output = {}  # text by category
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self._read, self._read_errors)]
        self.errors = b""
        for thread in self.threads:
            thread.start()

    def _read_errors(self):
        self.errors = self.process.stderr.read()

    def _read(self):
        stream = self.process.stdout
        try:
            while header := stream.readline():
                name, _, length = header.partition(b":")
                assert name == b"Content-Length" and stream.readline() == b"\r\n", header
                self.came.put(json.loads(stream.read(int(length))))
        finally:
            self.came.put(None)

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, command, **arguments):
        self.sent += 1
        body = json.dumps({"seq": self.sent, "type": "request", "command": command, "arguments": arguments}).encode()
        self.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.sent

    def message(self):
        message = self.came.get(timeout=TIMEOUT)
        if message is None:
            self.came.put(None)
            raise EOFError(self.errors)
        if message["type"] == "event":
            self.events.append(message)
            if message["event"] == "output":
                body = message["body"]
                self.output[body["category"]] = self.output.get(body["category"], "") + body["output"]
        return message

    def response(self, number):
        while True:
            message = self.message()
            if message["type"] == "response" and message["request_seq"] == number:
                return message

    def refused(self, command, **arguments):
        """Why."""
        response = self.response(self.send(command, **arguments))
        assert not response["success"], response
        assert response["body"]["error"]["variables"]["words"] == response["message"], response
        return response["message"]

    def ask(self, command, **arguments):
        response = self.response(self.send(command, **arguments))
        assert response["success"], response
        return response.get("body")

    def event(self, name):
        """The next of this name that was not taken yet."""
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event.get("body")
            self.message()

    # --- Idioms
    def begin(self, request, wait=True, **arguments):
        """As editors do: configurationDone is left to the test unless it wants to stand at the beginning."""
        self.capabilities = self.ask("initialize", adapterID="vitrine", linesStartAt1=True)
        self.ask(request, **arguments)
        self.event("initialized")
        if wait:
            self.ask("configurationDone")
            return self.event("stopped")
        return None

    def go(self, motion, thread=1, **arguments):
        """The stop that ends it."""
        self.ask(motion, threadId=thread, **arguments)
        return self.event("stopped")

    def frames(self, thread=1):
        return self.ask("stackTrace", threadId=thread)["stackFrames"]

    def place(self, thread=1):
        return int(self.frames(thread)[0]["instructionPointerReference"], 16)

    def scope(self, name, thread=1, level=0):
        frame = self.frames(thread)[level]["id"]
        return {scope["name"]: scope["variablesReference"] for scope in self.ask("scopes", frameId=frame)["scopes"]}[name]

    def variables(self, reference):
        return {each["name"]: each for each in self.ask("variables", variablesReference=reference)["variables"]}

    def registers(self, thread=1):
        return {name: int(each["value"].split()[0], 16) for name, each in self.variables(self.scope("Registers", thread)).items()}

    def step(self, thread=1):
        """Of the machine."""
        return int(self.variables(self.scope("Machine", thread))["step"]["value"].split()[0])

    def verb(self, line):
        return self.ask("evaluate", expression=line, context="repl")["result"]

    def close(self):
        """The exit code, and what was said on standard error."""
        if self.process.poll() is None and not self.process.stdin.closed:
            try:
                self.send("disconnect")
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        code = self.process.wait(TIMEOUT)
        for thread in self.threads:
            thread.join(TIMEOUT)
        return code, self.errors.decode(errors="replace")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join(TIMEOUT)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass
