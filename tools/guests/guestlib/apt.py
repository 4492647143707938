# SPDX-License-Identifier: MIT
"""riscv64 packages of Debian through the machine's own apt, without touching the machine's own apt.

A private folder holds its own sources.list, package lists and empty dpkg status. The mirror is the one that the
machine's apt already uses for Debian, asked of apt itself (`apt-get indextargets`), so that one-line and deb822
sources, mirror lists and disabled entries all mean here what they mean there. `apt-get -c FILE` reads FILE after
the machine's apt.conf: proxies and credentials stay in force, and everything that FILE sets is ours.

What makes the packages trustworthy: apt checks the suite's InRelease with Debian's archive keyring alone; the
package lists carry SHA-256 sums; every .deb is checked against them before it is used, each time.
Read next: linux.py.
"""

import dataclasses
import os
import pathlib
import re
import subprocess
import tarfile

from . import cache
from .report import Failed, Missing, run, say, tool

ARCHITECTURE = "riscv64"
SUITE = "trixie"        # Debian 13, the first release with riscv64
OLDER_SUITE = "bookworm"  # Debian 12: older firmware, in packages for all architectures ("all" has lists of its own)
DEBIAN_SUITES = {"bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable"}
MIRROR_VARIABLE = "VITRINE_DEBIAN_MIRROR"
KEYRINGS = [pathlib.Path("/usr/share/keyrings/debian-archive-keyring" + end) for end in (".gpg", ".pgp")]

CONFIGURATION = """\
// Written by tools/guests/fetch: the machine's apt configuration with these changes.
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Default-Release "{suite}";
// apt run by root would drop to a user that may not reach this folder; nothing is installed, nothing runs as root.
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
Acquire::Retries "2";
Dir::State "{folder}";
Dir::State::lists "lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "";
Dir::Cache::archives "{folder}/cache/archives";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
"""


@dataclasses.dataclass(frozen=True)
class Package:
    """One version of one package, as the signed package list describes it."""
    name: str
    version: str
    architecture: str
    sha256: str
    depends: str

    @property
    def file_name(self):
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"

    @property
    def exact(self):
        return f"{self.name}={self.version}"


class PrivateApt:
    """The private apt folder. `offline` forbids the network; what is not there then is `Missing`."""

    def __init__(self, offline=False, update=False):
        self.folder = cache.root() / f"apt-{ARCHITECTURE}"
        self.debs = self.folder / "debs"
        self.offline = offline
        self._want_update = update
        self._ready = False

    def fetch(self, names, with_dependencies=False):
        """The packages `names` (NAME or NAME/SUITE; optionally all that they depend on) as {Package: path of .deb}.

        Package lists that no longer match the mirror (a point release removed a version) are renewed once.
        """
        self._prepare()
        try:
            return self._fetch_once(names, with_dependencies)
        except Failed as failure:
            if self.offline or self._updated:
                raise
            say(f"{failure}\nguests: trying again with fresh package lists")
            self._update()
            return self._fetch_once(names, with_dependencies)

    def describe(self, names):
        """The signed package list's words on NAME, NAME/SUITE or NAME=VERSION, in the order asked."""
        self._prepare()
        text = self._apt("apt-cache", "show", "--no-all-versions", *names)
        found = {}
        for stanza in text.strip().split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", stanza, re.MULTILINE))
            package = Package(fields["Package"], fields["Version"], fields["Architecture"], fields["SHA256"],
                              fields.get("Depends", ""))
            found[package.name] = package
        lacking = {re.split("[/=]", name)[0] for name in names} - found.keys()
        if lacking:
            raise Failed(f"the package lists of Debian {SUITE} have no {', '.join(sorted(lacking))}")
        return list(found.values())

    # --- the folder ---

    def _prepare(self):
        if self._ready:
            return
        for part in ("lists/partial", "cache/archives/partial", "debs"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        self.configuration = self.folder / "apt.conf"
        sources = self.folder / "sources.list"
        cache.write_if_changed(self.configuration, CONFIGURATION.format(
            architecture=ARCHITECTURE, suite=SUITE, folder=self.folder))
        if not (self.offline and sources.exists()):
            cache.write_if_changed(sources, _sources(_mirror(), _keyring()))
        self._ready, self._updated = True, False
        if self._want_update or not list((self.folder / "lists").glob(f"*_{SUITE}_InRelease")):
            self._update()

    def _update(self):
        if self.offline:
            raise Missing(f"no package lists of Debian {SUITE} in {self.folder} yet, and --offline forbids to fetch "
                          "them; run once with network")
        say(f"fetching the package lists of Debian {SUITE} ({ARCHITECTURE}) and {OLDER_SUITE} (all)")
        try:
            self._apt("apt-get", "update")
        except Failed as failure:
            if re.search(r"not signed|NO_PUBKEY|EXPKEYSIG|BADSIG|signatures? (was|were|couldn't)", str(failure)):
                raise
            raise Missing("Debian's package lists could not be fetched. Run again with network; mirror and proxy are "
                          f"those of this machine's apt.\n{failure}") from failure
        self._updated = True

    def _apt(self, program, *arguments, **options):
        environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        try:
            return run([tool(program, "apt"), "-q", "-c", self.configuration, *arguments], env=environment, **options)
        except Failed as failure:  # of all that apt says, its errors
            lines = [line for line in str(failure).splitlines() if line.startswith(("E:", "W:"))]
            raise Failed("\n".join(lines) or str(failure)) from None

    # --- packages ---

    def _fetch_once(self, names, with_dependencies):
        packages = self.describe(self._closure(names) if with_dependencies else names)
        lacking = [package for package in packages if not self._sound(self.debs / package.file_name, package)]
        if lacking:
            self._download(lacking)
        return {package: self.debs / package.file_name for package in packages}

    def _closure(self, names):
        plan = self._apt("apt-get", "--simulate", "--no-install-recommends", "install", *names)
        return [f"{name}={version}" for name, version in re.findall(r"^Inst (\S+) \((\S+)", plan, re.MULTILINE)]

    @staticmethod
    def _sound(path, package):
        return path.exists() and cache.sha256(path) == package.sha256

    def _download(self, packages):
        some = ", ".join(package.name for package in packages[:4]) + (", ..." if len(packages) > 4 else "")
        if self.offline:
            raise Missing(f"not in the cache: {some}; --offline forbids to fetch, run once with network")
        say(f"fetching {len(packages)} packages: {some}")
        arriving = self.folder / "cache" / "archives"
        try:
            self._apt("apt-get", "download", *(package.exact for package in packages), cwd=arriving)
        except Failed as failure:
            if not self._updated:
                raise
            raise Missing(f"{some} could not be fetched; run again with network.\n{failure}") from failure
        for package in packages:
            arrived = arriving / package.file_name
            if not self._sound(arrived, package):
                raise Failed(f"{arrived} is not what the signed package list describes")
            arrived.rename(self.debs / package.file_name)


def _keyring():
    for keyring in KEYRINGS:
        if keyring.exists():
            return keyring
    raise Missing("Debian's archive keys are not installed; they are in the package debian-archive-keyring")


def _mirror():
    """The URI from which this machine's apt takes Debian's main archive."""
    if uri := os.environ.get(MIRROR_VARIABLE):
        return uri
    text = subprocess.run([tool("apt-get", "apt"), "indextargets", "Created-By: Packages"], capture_output=True,
                          text=True, check=False, env={**os.environ, "LC_ALL": "C"}).stdout
    targets = [dict(re.findall(r"^([A-Za-z-]+): (.*)$", stanza, re.MULTILINE)) for stanza in text.split("\n\n")]
    # Origin and Label come from lists that apt has fetched; without any, the shape of the entry has to do. A wrong
    # guess does no harm: only Debian's keys are accepted.
    mirrors = [target["Repo-URI"] for target in targets
               if target.get("Component") == "main" and target.get("Release") in DEBIAN_SUITES
               and target.get("Origin", "Debian") == "Debian" and target.get("Label", "Debian") == "Debian"
               and not target["Repo-URI"].startswith("cdrom:")]
    if not mirrors:
        raise Missing("this machine's apt has no entry for Debian's main archive (see /etc/apt/sources.list and "
                      f"/etc/apt/sources.list.d); name a mirror with the variable {MIRROR_VARIABLE}")
    return mirrors[0]


def _sources(mirror, keyring):
    return "".join(f"deb [arch={architecture} signed-by={keyring}] {mirror} {suite} main\n"
                   for suite, architecture in ((SUITE, ARCHITECTURE), (OLDER_SUITE, "all")))


def files_of(deb, wanted):
    """The regular files of a .deb whose path (without the leading ./) `wanted` accepts, as {path: bytes}."""
    found = {}
    with subprocess.Popen([tool("dpkg-deb", "dpkg"), "--fsys-tarfile", deb], stdout=subprocess.PIPE) as unpack:
        with tarfile.open(fileobj=unpack.stdout, mode="r|") as archive:
            for member in archive:
                path = member.name.removeprefix("./")
                if member.isfile() and wanted(path):
                    found[path] = archive.extractfile(member).read()
        unpack.stdout.read()  # tar's padding: closing the pipe on it would look like a failure
    if unpack.returncode != 0:
        raise Failed(f"{deb} could not be unpacked (dpkg-deb: {unpack.returncode})")
    return found
