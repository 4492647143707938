#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vitrine classes` as its users meet it: JSON of one shape, a page that needs nothing else, witnesses, exit codes.

  classes_test.py build/vitrine

That the classes are right and that a wrong one is named is tested in tests/classes/.
"""

import html.parser
import json
import os
import platform
import subprocess
import sys
import unittest

VITRINE = os.path.abspath(sys.argv.pop(1) if len(sys.argv) > 1 else "build/vitrine")


def classes(*words):
    return subprocess.run([VITRINE, "classes", *words], capture_output=True, text=True, timeout=300, check=False,
                          stdin=subprocess.DEVNULL)


def without(value, *keys):
    """The value, less what only a measurement can say."""
    if isinstance(value, dict):
        return {k: without(v, *keys) for k, v in value.items() if k not in keys}
    return [without(v, *keys) for v in value] if isinstance(value, list) else value


def keys_of(value):
    if isinstance(value, dict):
        return {k: keys_of(v) for k, v in value.items() if k != "witnesses"}
    return [keys_of(v) for v in value] if isinstance(value, list) else None


class Page(html.parser.HTMLParser):
    """Checks that elements are closed in order, and takes the cells of names."""
    VOID = {"meta", "br"}

    def __init__(self):
        super().__init__()
        self.open, self.names, self.outside = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        attributes = dict(attrs)
        self.outside += [value for key, value in attrs if key in ("src", "href")]
        if attributes.get("class") == "name":
            self.names.append("")

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise ValueError(f"</{tag}> closes something else")

    def handle_data(self, data):
        if "td" in self.open and self.names and not self.names[-1]:
            self.names[-1] = data.strip()


class Classes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plain, cls.measured = classes("--format", "json"), classes("--measure", "--format", "json")

    def test_Json_SameShapeWithAndWithoutMeasurement(self):
        for done in self.plain, self.measured:
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        plain, measured = json.loads(self.plain.stdout), json.loads(self.measured.stdout)
        self.assertEqual(keys_of(plain), keys_of(measured))
        only_measured = "witnesses", "pairs", "measured", "note"
        self.assertEqual(without(plain, *only_measured), without(measured, *only_measured))
        self.assertEqual((plain["measured"], measured["measured"]), (False, True))

    def test_Json_NamesAsInAssembly(self):
        data = json.loads(self.plain.stdout)
        self.assertEqual([*data][-4:], ["instructions", "csrs", "x86", "disagreements"])
        by_name = {i["name"]: i["instances"] for kind in ("instructions", "csrs", "x86") for i in data[kind]}
        fence = by_name["sfence.vma"]
        self.assertEqual(fence["i"]["classes"], ["privileged", "control-sensitive"])
        self.assertEqual(fence["ii"]["classes"], ["privileged", "control-sensitive"])
        self.assertEqual(by_name["satp"]["ii"]["classes"], ["privileged", "control-sensitive", "behaviour-sensitive"])
        self.assertEqual(by_name["satp"]["ii"]["accesses"]["read"]["classes"], ["privileged", "behaviour-sensitive"])
        self.assertEqual(by_name["sstatus"]["ii"]["classes"], ["control-sensitive", "behaviour-sensitive"])
        self.assertEqual(by_name["cycle"]["i"]["classes"], ["behaviour-sensitive"])
        self.assertEqual(by_name["xor"]["i"]["classes"], ["innocuous"])
        self.assertEqual(by_name["popf"]["x86"]["classes"], ["control-sensitive", "behaviour-sensitive"])
        self.assertEqual(by_name["cbo.inval"]["i"]["not_measurable"], ["behaviour-sensitive"])
        for name, instances in by_name.items():
            for line in instances.values():
                self.assertTrue(line["classes"] and line["reason"] and line["spec"], name)

    def test_Json_Condition(self):
        instances = json.loads(self.plain.stdout)["instances"]
        exceptions = instances["i"]["condition"]["exceptions"]
        self.assertEqual(exceptions, [{"resource": "the reservation", "names": ["lr.w", "sc.w", "lr.d", "sc.d"]}])
        self.assertFalse(instances["ii"]["condition"]["holds"])

    def test_Json_EveryClassHasItsWitness(self):
        data = json.loads(self.measured.stdout)
        for instruction in data["instructions"]:
            for name, line in instruction["instances"].items():
                wanted = set(line["classes"]) - set(line["not_measurable"]) - {"as the CSR"}
                if wanted != {"innocuous"}:
                    wanted.discard("innocuous")  # privileged, say, and not sensitive
                self.assertEqual({w["class"] for w in line["witnesses"]}, wanted, f"{instruction['name']} ({name})")
                for witness in line["witnesses"]:
                    if witness["class"] != "always traps":
                        self.assertNotEqual(witness["states"][0], witness["states"][1])

    @unittest.skipUnless(platform.machine() in ("x86_64", "AMD64"), "popf is an instruction of x86-64")
    def test_Popf_IsExecuted_AndLeavesTheInterruptFlag(self):
        popf = json.loads(self.measured.stdout)["x86"][0]["instances"]["x86"]
        if "not executed" in popf["note"]:
            self.skipTest("built without the part for x86-64")
        self.assertIn("executed on this host at CPL 3", popf["note"])
        self.assertIn("IF is unchanged", popf["witnesses"][0]["outcomes"][0])

    def test_Page_IsWellFormedAndNeedsNothingElse(self):
        done = classes("--measure", "--format=html")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        page = Page()
        page.feed(done.stdout)
        self.assertEqual((page.open, page.outside), ([], []))
        data = json.loads(self.plain.stdout)
        names = [i["name"] for i in data["instructions"]]
        self.assertEqual(page.names[:len(names)], names)
        self.assertEqual(page.names[-1], "popf")

    def test_Table_OneNameALine(self):
        done = classes()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^sret +\(i\) +privileged, control-sensitive +priv 3\.3\.2 +illegal in U")
        self.assertRegex(done.stdout, r"(?m)^sret +\(ii\) privileged, control-sensitive +priv 3\.3\.2, 3\.1\.6\.5 +illegal in S under TSR")
        self.assertIn("It holds but for the reservation", done.stdout)
        self.assertIn("These are the columns; --measure", done.stdout)
        self.assertIn("all agree with the columns", classes("--measure").stdout)

    def test_Witness_TwoStatesTwoOutcomes_TheSameAgain(self):
        first, again = classes("--measure", "--witness", "sfence.vma"), classes("--witness=sfence.vma")
        self.assertEqual((first.returncode, first.stderr), (0, ""))
        self.assertEqual(first.stdout, again.stdout)
        for part in ("-> traps to S: illegal instruction", "-> a load finds the old page", "-> a load finds the new page"):
            self.assertIn(part, first.stdout)
        self.assertIn("(read)", classes("--witness", "sstatus").stdout)

    def test_WrongWords_AreRefused(self):
        for words, part in ((("--mesure",), r"'--mesure'.* Did you mean: --measure"), (("--format",), "--format wants a value"),
                            (("--format", "xml"), "table, json or html, not 'xml'"),
                            (("--witness", "sfence.vm"), "Did you mean: sfence.vma"), (("linux",), "'linux'")):
            done = classes(*words)
            self.assertEqual((done.returncode, done.stdout), (110, ""), words)
            self.assertRegex(done.stderr, part)
            self.assertIn("classes --help", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
