"""An ssh server of our own on the loopback address, with keys of its own, for tests that go through a real ssh."""
import getpass
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


class Server:
    """Runs until `close`. The host is called `there`."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mpgtop-sshd-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name], check=True)
        shutil.copy(self.folder / "user.pub", self.folder / "authorized")
        (self.folder / "sshd_config").write_text(f"""Port {self.port}
ListenAddress 127.0.0.1
HostKey {self.folder}/host
AuthorizedKeysFile {self.folder}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
AcceptEnv XDG_RUNTIME_DIR
""")
        (self.folder / "ssh_config").write_text(f"""Host there
  HostName 127.0.0.1
  Port {self.port}
  User {getpass.getuser()}
  IdentityFile {self.folder}/user
  IdentitiesOnly yes
  UserKnownHostsFile {self.folder}/known
  StrictHostKeyChecking accept-new
  SendEnv XDG_RUNTIME_DIR
  LogLevel ERROR
""")
        if os.getuid() == 0:
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # the server refuses to run as root without it
        # The server starts itself anew for each connection, so it wants its whole path.
        program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
        if not program:
            raise SystemExit("sshd.py: there is no sshd; scripts/need.sh ssh installs it")
        self.process = subprocess.Popen([program, "-D", "-e", "-f", self.folder / "sshd_config"],
                                        stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("w"))
        self._wait()

    def _wait(self):
        for _ in range(100):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        log = (self.folder / "log").read_text()
        self.close()
        raise SystemExit(f"sshd.py: no server: {log}")

    def words(self, delay=0):
        """What MPGTOP_SSH has to be, for a link that holds up all bytes for so many milliseconds in each direction."""
        words = f"ssh -F {self.folder}/ssh_config"
        if not delay:
            return words
        # The variable is split at blanks, so the command is a file.
        proxy = self.folder / f"delay{delay}"
        proxy.write_text(f"#!/bin/sh\nexec {sys.executable} {HERE}/delay.py 127.0.0.1 {self.port} {delay}\n")
        proxy.chmod(0o755)
        return f"{words} -o ProxyCommand={proxy}"

    def cut(self):
        """Ends all connections, as a link does that breaks."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), 9)
        return len(children)

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
