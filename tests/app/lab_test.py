#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vitrine lab` as its users meet it: the list, the dialogue, predictions and verdicts, teachers' own labs and their mistakes,
and docs/lecture.md.

  lab_test.py build/vitrine

That what labs measure is what their formulas say is tested in tests/system/labs_test.py.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from in_folder import InFolder

ROOT = pathlib.Path(__file__).resolve().parents[2]
VITRINE = ""
LAB = "shadow-page-table"
TIMEOUT = 120


def lab(*words, typed=None):
    options = {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}
    return subprocess.run([VITRINE, "lab", *map(str, words)], capture_output=True, text=True, timeout=TIMEOUT, check=False, **options)


def one_line(text):
    return " ".join(text.split())


class List(unittest.TestCase):
    def test_NoName_LabsBelowTheLecturesHeadings(self):
        done = lab()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, rf"(?m)^Memory virtualisation\n  {LAB}: ")
        self.assertLessEqual(max(map(len, done.stdout.replace(VITRINE, "./vitrine").splitlines())), 80)

    def test_AsJson_HasEachLabsParametersAndQuestions(self):
        labs = json.loads(lab("--json").stdout)
        folders = {path.parent.name for path in (ROOT / "labs").glob("*/lab.toml")}
        self.assertEqual({one["name"] for one in labs}, folders)
        for one in labs:
            self.assertGreaterEqual(len(one["questions"]), 3)
            self.assertTrue(one["concepts"] and one["parameters"] and one["breaks"] and one["minutes"])

    def test_Completions_NameEachLab(self):
        for folder in (ROOT / "labs").glob("*/lab.toml"):
            for name in "vitrine.bash", "_vitrine":
                self.assertIn(folder.parent.name, (ROOT / "tools/completion" / name).read_text())

    def test_EachLab_HasASheetAndASolution(self):
        for one in json.loads(lab("--json").stdout):
            sheet, solution = lab(one["name"], "--sheet"), lab(one["name"], "--solution")
            self.assertEqual((sheet.returncode, solution.returncode), (0, 0), sheet.stderr + solution.stderr)
            for question in one["questions"]:
                self.assertIn(one_line(question["asks"]), one_line(sheet.stdout))
                self.assertIn(one_line(question["asks"]), one_line(solution.stdout))
            for broken in one["breaks"]:
                self.assertIn("--break " + broken["name"], sheet.stdout)


    def test_EachMisconception_GivesAnotherNumber(self):
        """At the parameters' own values: otherwise nobody is ever told."""
        for one in json.loads(lab("--json").stdout):
            questions = re.split(r"(?m)^(?=\d+\. )", lab(one["name"], "--solution").stdout)[1:]
            self.assertEqual(len(questions), len(one["questions"]))
            for question in questions:
                numbers = re.findall(r"(?m)^ +(?:->|!) (-?[\d,.]*\d)\b", question)
                self.assertGreater(len(numbers), 1, question)
                self.assertEqual(len(numbers), len(set(numbers)), f"{one['name']}: {question}")


class Lecture(unittest.TestCase):
    def test_EachConcept_NamesItsLabsOrSaysNotYet(self):
        rows = re.findall(r"(?m)^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", (ROOT / "docs/lecture.md").read_text())
        said = {concept: set(re.findall(r"\[([\w-]+)\]\(\.\./labs/\1/sheet\.md\)", labs)) for concept, labs in rows if concept != "concept"}
        self.assertGreater(len(said), 25)
        for concept, labs in rows:
            if concept != "concept":
                self.assertEqual(labs == "not yet", not said[concept], concept)
        true = {}
        for one in json.loads(lab("--json").stdout):
            for concept in one["concepts"]:
                self.assertIn(concept, said, f"{one['name']}: docs/lecture.md has no such concept")
                true.setdefault(concept, set()).add(one["name"])
        self.assertEqual({concept: labs for concept, labs in said.items() if labs}, true)


# 2 spaces, 3 pages, 2 of them written by each, none unmapped.
SMALL = ("--set", "processes=2", "--set", "pages=3", "--set", "writes=2", "--set", "unmaps=0")


class Predictions(InFolder):
    def answers(self, text):
        path = self.folder / "answers.json"
        path.write_text(text)
        return path

    def judged(self, answers):
        done = lab(LAB, *SMALL, "--json", "--answers", self.answers(json.dumps(answers)))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return {question["id"]: question for question in json.loads(done.stdout)["questions"]}

    def test_Answers_AreNumbersOrFormulas(self):
        # By hand: each page is mapped at a fault (3), then both processes fault for their 2 pages.
        questions = self.judged({"page-faults": 7, "hidden": "processes + pages + 2 * written", "lazy-writes": None})
        self.assertEqual((questions["page-faults"]["right"], questions["page-faults"]["measured"]), (True, 7))
        self.assertEqual((questions["hidden"]["right"], questions["hidden"]["predicted"]), (True, 9))
        self.assertIsNone(questions["lazy-writes"]["right"])

    def test_WrongAnswer_SaysWhatItShows(self):
        questions = self.judged({"page-faults": 3 + 1 * 2, "hidden": 12345})
        self.assertFalse(questions["page-faults"]["right"])
        self.assertIn("parent", questions["page-faults"]["misconception"])
        self.assertEqual((questions["hidden"]["right"], questions["hidden"]["misconception"]), (False, None))

    def test_AnswersThatAreNone_AreRefused(self):
        for text, says in (("[1]", "no JSON object"), ("{", "no JSON object"), ('{"page-fault": 1}', "did you mean page-faults"),
                           ('{"hidden": "2 * pagse"}', "did you mean pages"), ('{"hidden": "2 +"}', "no formula"),
                           ('{"hidden": true}', "neither a number nor a formula"), ('{"hidden": "1/0"}', "no value")):
            done = lab(LAB, "--answers", self.answers(text))
            self.assertEqual((done.returncode, done.stdout), (111, ""), text)
            self.assertIn(says, done.stderr)
        self.assertEqual(lab(LAB, "--answers", self.folder / "none").returncode, 112)

    def test_Dialogue_AsksRunsAndTells(self):
        done = lab(LAB, *SMALL, typed="pagse\n5\n\npages+\n12\n")  # the third is answered at the second try; then the input ends
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, rf"Read first: the sheet .*\n  /\S*/{LAB}\n")
        self.assertIn("did you mean pages", done.stdout)
        self.assertIn("is no formula", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^   predicted +5   measured +7   by the formula +7   not right$")
        self.assertIn("! The parent lost its right to write", done.stdout)
        self.assertIn("0 of 2 predictions were right", done.stdout)

    def test_Dialogue_OnATerminal(self):
        try:
            import pexpect  # pylint: disable=import-outside-toplevel
        except ImportError:
            self.skipTest("there is no python3-pexpect on this machine")
        child = pexpect.spawn(VITRINE, ["lab", LAB, *SMALL], encoding="utf-8", timeout=TIMEOUT)
        for typed in "pages + 2 * written", "0", "", "0", "", "", "":
            child.expect("your prediction: ")
            child.sendline(typed)
        child.expect("page table.s own|measured")
        child.expect("2 of 3 predictions were right")
        child.expect(pexpect.EOF)
        child.close()
        self.assertEqual(child.exitstatus, 0)

    def test_Break_SaysOnlyWhatIsSeen(self):
        done = lab(LAB, *SMALL, "--break", "shadow-unprotected")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("The symptom is there (shadow_wrong > 0)", done.stdout)
        self.assertIn("The break has changed this answer", done.stdout)
        self.assertNotIn("your prediction", done.stdout)

    def test_GuestsAddresses_AreShownInThreeLayers(self):
        done = lab(LAB, *SMALL, "--no-ask")
        self.assertLessEqual(max(len(line) for line in done.stdout.splitlines() if "HVA 0x" not in line), 80)
        self.assertEqual(len(re.findall(r"(?m)^   process \d, page \d \((?:shared|its own)\): GVA 0x4\w+ -> GPA 0x80\w+ -> HVA 0x\w+$", done.stdout)), 2)


class WrongWords(unittest.TestCase):
    def test_WrongWords_AreRefusedWithWhatWasMeant(self):
        for code, words, says in ((110, ("--jsn",), "did you mean --json"), (110, (LAB, "x"), "one word too many"), (110, ("--set",), "wants a value"),
                                  (112, ("shadow",), f"did you mean {LAB}"), (110, (LAB, "--set", "pagse=1"), "did you mean pages"),
                                  (110, (LAB, "--set", "pages"), "NAME=VALUE"), (110, (LAB, "--set", "pages=0"), "from 1 to 512"),
                                  (110, (LAB, "--set=pages=-1"), "from 1 to 512"), (110, (LAB, "--break", "shadow"), "shadow-unprotected"),
                                  (112, ("--path", "/nowhere"), "no lab"), (110, (LAB, "--no-ask", "--engine", "x"), "no such engine")):
            done = lab(*words)
            self.assertEqual((done.returncode, done.stdout), (code, ""), f"{words}: {done.stderr}")
            self.assertIn(says, done.stderr)


# A line of shadow-page-table's lab.toml, what takes its place, and what is said of it, at which line if it stays one line.
MISTAKES = (
    ('title = "The shadow page table"', "title = The", None),
    ('title = "The shadow page table"', 'titel = "x"', "did you mean title"),
    ('title = "The shadow page table"', "title = 3", "'title' must be a text"),
    ('heading = "Memory virtualisation"', 'heading = "Memory"', "no heading of the lecture"),
    ("minutes = 60", 'minutes = "long"', "whole number"),
    ("minutes = 60", "", "'minutes' is missing"),
    ('children = "processes - 1"', 'children = "process - 1"', "did you mean processes"),
    ('children = "processes - 1"', 'pages = "processes - 1"', "no new name"),
    ('name = "tlb"', 'name = "shadow"', "two runs 'shadow'"),
    ('options = ["--mmu", "shadow-lazy"]', 'options = ["--mmu", "lazy"]', "--mmu lazy"),
    ('options = ["--mmu", "shadow-lazy"]', 'options = "--mmu"', "list of texts"),
    ('options = ["--mmu", "shadow-lazy"]', 'kernel = "none.elf"', "there is no file"),
    ('shadow_wrong = "shadow: print wrong"', 'shadow_wrong = "shade: print wrong"', "no run 'shade'"),
    ('shadow_wrong = "shadow: print wrong"', 'shadow_wrong = "print wrong"', "looks like"),
    ('id = "hidden"', 'id = "protected"', "two questions 'protected'"),
    ('measured = "lazy_table_writes"', 'measured = "lazy_table_write"', "did you mean lazy_table_writes"),
    ('answer = "pages + processes * written"', 'answer = "pages + processes written"', "is no formula"),
    ('name = "tlb-never-flushed"', 'name = "tlb-never-flush"', "did you mean tlb-never-flushed"),
    ('what = "a shadow page table that is brought up to date at fences"', 'what = "x"\ntyped = "{pagse}"', "no parameter 'pagse'"),
    ('what = "a shadow page table that is brought up to date at fences"', 'what = "x"\ndisk = 0', "'disk' is a number of KiB"),
    ('runs = ["lazy", "fenced"]', 'runs = ["lazzy"]', "no run 'lazzy'"),
    ('changes = ["lazy-hidden", "hardware"]', 'changes = ["hard"]', "no question 'hard'"),
    ('symptom = "shadow_wrong > 0"', 'symptom = "wrong > 0"', "there is no 'wrong'"),
)


class TeachersLabs(InFolder):
    def setUp(self):
        super().setUp()
        shutil.copytree(ROOT / "labs" / LAB, self.folder / "mine")
        self.toml = self.folder / "mine/lab.toml"

    def test_PathOfOwnLabs_ListsAndRunsThem(self):
        done = lab("--path", self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("  mine: ", done.stdout)
        self.assertNotIn(LAB, done.stdout)
        self.assertEqual(lab("--path", self.folder, "mine", "--no-ask", *SMALL).returncode, 0)

    def test_MistakeInTheFile_IsToldWithItsLine(self):
        good = self.toml.read_text()
        for before, after, says in MISTAKES:
            with self.subTest(mistake=after or f"without {before}"):
                self.assertIn(before, good)
                self.toml.write_text(good.replace(before, after, 1))
                done = lab("--path", self.folder, "mine", "--no-ask")
                self.assertEqual((done.returncode, done.stdout), (111, ""), done.stderr)
                told = re.fullmatch(rf"vitrine: {re.escape(str(self.toml))}:(\d+): (.*)\.\n", done.stderr)
                self.assertTrue(told, done.stderr)
                if says:
                    self.assertIn(says, told[2])
                line = good[:good.index(before)].count("\n") + 1
                if after and "two" not in (says or "") and "\n" not in after:
                    self.assertEqual(int(told[1]), line)
                self.assertNotEqual(lab("--path", self.folder).returncode, 0)

    def test_CounterThatIsNotThere_IsToldWhenItRuns(self):
        for counter, says in (("print wrog", "the counter 'shadow_wrong' has no value"), ("exits/page-table-writes/S", "has no value")):
            self.toml.write_text((ROOT / "labs" / LAB / "lab.toml").read_text().replace("shadow: print wrong", "shadow: " + counter))
            done = lab("--path", self.folder, "mine", "--no-ask", *SMALL)
            self.assertEqual((done.returncode, done.stdout), (111, ""))
            self.assertIn(says, done.stderr)

    def test_FormulaThatIsWrong_ExitCode1(self):
        self.toml.write_text(self.toml.read_text().replace('answer = "pages + processes * written"', 'answer = "pages + processes * written + 1"', 1))
        done = lab("--path", self.folder, "mine", "--no-ask", *SMALL)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Measurement and formula differ", done.stdout)

    def test_GuestThatFails_IsToldWithWhatItPrinted(self):
        self.toml.write_text(self.toml.read_text().replace('options = ["--mmu", "shadow-lazy"]', 'options = ["--memory", "1M"]'))
        done = lab("--path", self.folder, "mine", "--no-ask", *SMALL)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    VITRINE = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
