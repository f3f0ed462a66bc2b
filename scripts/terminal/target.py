"""A demo server to watch, with a port of its own, and with its region in a folder of its own."""
import contextlib
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request


class Target:
    def __init__(self, binaries, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mpgtop-terminal-"))
        self.environment = {"XDG_RUNTIME_DIR": str(self.folder), "LC_ALL": "C.UTF-8", "NO_COLOR": None,
                            "XDG_CONFIG_HOME": str(self.folder)}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [binaries / "mpg-demo", "--port", str(self.port), *options], stdout=subprocess.PIPE, text=True,
            env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(self.folder)})
        line = self.process.stdout.readline()
        if "Server running" not in line:
            raise SystemExit(f"mpg-demo did not start: {line!r}")
        self.pid = str(self.process.pid)
        self.busy = None

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return answer.read()

    def keep_busy(self, paths, pause=0.02):
        """Requests these paths in turn from now on, on a thread."""
        def work():
            count = 0
            while self.busy:
                with contextlib.suppress(OSError):
                    self.get(paths[count % len(paths)])
                count += 1
                time.sleep(pause)
        self.busy = threading.Thread(target=work, daemon=True)
        self.busy.start()

    def record(self, mpgtop, seconds):
        """Records the next seconds with mpgtop. Returns the path of the recording."""
        path = self.folder / "a.rec"
        subprocess.run([mpgtop, "record", self.pid, "-o", path, "--for", f"{seconds}s"], check=True,
                       env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(self.folder)}, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return str(path)

    def close(self):
        self.busy = None
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
