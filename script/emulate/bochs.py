# SPDX-License-Identifier: BSD-3-Clause
"""Boots a small Linux with some programs in it under Bochs."""
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time

from programs import COLOURS, Failure

MARKER = "@@guest"

# clearcpuid: Bochs reports XSAVE sizes that Linux finds inconsistent, on which it would switch AVX off altogether;
# with fsrm the boot hangs. cryptomgr.notests saves 20 s, random.trust_cpu a wait of 48 s for entropy.
KERNEL_COMMAND_LINE = (
    "initrd=/initrd console=ttyS0,115200 loglevel=2 mitigations=off nokaslr acpi=off panic=-1 reboot=t "
    "random.trust_cpu=on cryptomgr.notests=1 clearcpuid=xsaves,xsavec,pku,fsrm"
)

BOCHSRC = """\
display_library: term
plugin_ctrl: unmapped=1, biosdev=1, extfpuirq=0, gameport=0, iodebug=0, parallel=0, speaker=0, e1000=0, es1370=0, \
sb16=0, ne2k=0
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model={cpu}, count=1, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest={memory}, host={memory}
ata0-master: type=cdrom, path=boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=serial.log
clock: sync=none, time0=utc
log: bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
"""

# Illegal instructions are looked up in the kernel's log as well as in exit statuses, because a test framework that
# catches a crash of its test ends with a status of its own. The second of sleep lets the serial port drain.
INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp LANG=C
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/shm
mount -t tmpfs tmpfs /dev/shm
cd /tmp
{environment}
echo "{marker} booted"
{runs}
dmesg | grep 'trap invalid opcode' | sed 's/^/{marker} illegal /'
echo "{marker} done"
sleep 1
reboot -f
"""

RUN = """\
echo "{marker} begin {index}"
{command} </dev/null 2>&1
status=$?
echo
echo "{marker} end {index} $status"
"""


def guest_command(run):
    # The guest has one CPU, and no terminal that knows colours.
    arguments = run.arguments + (["-j1"] if run.is_test else [])
    return " ".join(shlex.quote(word) for word in ["/cardinal/" + run.name] + arguments)


def libraries(program):
    """The files that a program loads: those that the dynamic linker names, none for a static one, and libgcc_s, which
    libc loads by itself where a thread ends with pthread_exit, as those of gcc's OpenMP do."""
    listing = subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if listing.returncode != 0:
        if "not a dynamic executable" in listing.stdout or "statically linked" in listing.stdout:
            return []
        raise Failure(f"ldd {program} failed: {listing.stdout.strip()}")
    missing = re.findall(r"^\s*(\S+) => not found", listing.stdout, re.M)
    if missing:
        raise Failure(f"{program} needs {', '.join(missing)}, which ldd doesn't find")
    files = re.findall(r"(?:=> |^\s*)(/\S+) \(0x", listing.stdout, re.M)
    beside_libc = [os.path.dirname(file) + "/libgcc_s.so.1" for file in files if os.path.basename(file) == "libc.so.6"]
    return files + [file for file in beside_libc if file not in files and os.path.exists(file)]


def copy_into(tree, host, guest):
    target = tree + guest
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(host):
        shutil.copytree(host, target, dirs_exist_ok=True)
    elif not os.path.exists(target):
        shutil.copy(host, target)


def build_image(folder, kernel, runs, additions, environment):
    """Writes folder/boot.iso: isolinux, the kernel, and an initramfs with busybox, the programs and /init."""
    tree = folder + "/tree"
    for name in ["bin", "proc", "sys", "dev", "tmp"]:
        os.makedirs(f"{tree}/{name}")
    copy_into(tree, shutil.which("busybox") or "/bin/busybox", "/bin/busybox")
    for run in runs:
        copy_into(tree, run.program, "/cardinal/" + run.name)
        for library in libraries(run.program):
            copy_into(tree, library, library)
    for addition in additions:
        host, _, guest = addition.partition("=")
        copy_into(tree, host, guest or os.path.abspath(host))
    with open(tree + "/init", "w") as init:
        init.write(INIT.format(
            marker=MARKER,
            environment="\n".join("export " + shlex.quote(setting) for setting in environment),
            runs="".join(RUN.format(marker=MARKER, index=index, command=guest_command(run))
                         for index, run in enumerate(runs))))
    os.chmod(tree + "/init", 0o755)

    iso = folder + "/iso"
    os.makedirs(iso)
    subprocess.run("find . | cpio -o -H newc --quiet | gzip -1 >../iso/initrd", shell=True, cwd=tree, check=True)
    shutil.copy(kernel, iso + "/linux")
    shutil.copy("/usr/lib/ISOLINUX/isolinux.bin", iso)
    shutil.copy("/usr/lib/syslinux/modules/bios/ldlinux.c32", iso)
    with open(iso + "/isolinux.cfg", "w") as configuration:
        configuration.write("default cardinal\ntimeout 0\nprompt 0\nlabel cardinal\n  kernel /linux\n"
                            f"  append {KERNEL_COMMAND_LINE}\n")
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", "boot.iso", "-b", "isolinux.bin", "-c", "boot.cat",
                    "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "iso"],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Follower:
    """Reads the serial log as it grows: shows it, and sorts its lines by the program that wrote them."""

    def __init__(self, path, runs, screen):
        self.path = path
        self.runs = runs
        self.screen = screen
        self.position = 0
        self.partial = b""
        self.current = None
        self.booted = False
        self.done = False
        self.illegal = []

    def poll(self):
        if not os.path.exists(self.path):
            return
        with open(self.path, "rb") as log:
            log.seek(self.position)
            new = log.read()
        self.position += len(new)
        lines = (self.partial + new).replace(b"\r", b"").split(b"\n")
        self.partial = lines.pop()
        for line in lines:
            self.take(COLOURS.sub("", line.decode("utf-8", "replace")))

    def take(self, line):
        if not line.startswith(MARKER):
            if self.current:
                self.current.lines.append(line)
            if line.strip() and (self.current is None or self.current.is_shown):
                self.screen.show("  " + line)
            return
        words = line.split()
        if words[1] == "booted":
            self.booted = True
            self.screen.show("the guest has booted")
        elif words[1] == "begin":
            self.current = self.runs[int(words[2])]
            self.screen.show("guest$ " + self.current.shown())
        elif words[1] == "end":
            self.current.status = int(words[3])
            self.current = None
        elif words[1] == "illegal":
            self.illegal.append(" ".join(words[2:]))
        elif words[1] == "done":
            self.done = True


def seconds_of(pid):
    """The processor time that a process has had. An idle guest keeps Bochs busy, so one that hangs has its limit, and
    one on a loaded machine its time."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            user, system = stat.read().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def boot(folder, cpu, memory, follower, timeout):
    """Boots folder/boot.iso and follows it to its end."""
    with open(folder + "/bochsrc", "w") as configuration:
        configuration.write(BOCHSRC.format(cpu=cpu, memory=memory))
    # Debian's Bochs starts in its debugger; the command "c" sets it going.
    with open(folder + "/rc", "w") as commands:
        commands.write("c\n")
    with open(folder + "/screen", "wb") as screen:
        process = subprocess.Popen(["bochs", "-q", "-f", "bochsrc", "-rc", "rc"], cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=screen, stderr=screen, env=dict(os.environ, TERM="vt100"))
    try:
        while process.poll() is None:
            time.sleep(0.2)
            follower.poll()
            follower.screen.heartbeat()
            if seconds_of(process.pid) > timeout:
                running = follower.current.shown() if follower.current else "no program"
                raise Failure(f"the guest was not done after {timeout} s of Bochs's time ({running} was running)")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    follower.poll()
    # Bochs's own exit status says nothing: it is 1 after an ordinary reboot, too.
    if not follower.booted:
        raise Failure(f"the guest never reached /init; Bochs said: {last_words(folder)}")
    if not follower.done:
        raise Failure(f"the guest ended early; Bochs said: {last_words(folder)}")


def last_words(folder):
    try:
        with open(folder + "/bochs.log", errors="replace") as log:
            return " | ".join(line.strip() for line in log.readlines()[-5:])
    except OSError:
        return "nothing"


def run_all(cpu, runs, screen, timeout, environment, additions, memory):
    """Runs programs in one guest; returns what the guest's kernel said about illegal instructions."""
    here = os.path.dirname(os.path.abspath(__file__))
    kernel = subprocess.run([here + "/bochs-kernel"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    folder = tempfile.mkdtemp(prefix="cardinal-bochs-")
    follower = Follower(folder + "/serial.log", runs, screen)
    try:
        build_image(folder, kernel, runs, additions, environment)
        boot(folder, cpu, memory, follower, timeout)
    finally:
        shutil.rmtree(folder)
    return follower.illegal
