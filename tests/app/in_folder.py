# SPDX-License-Identifier: MIT
"""Tests that need a folder of their own for files."""

import pathlib
import tempfile
import unittest


class InFolder(unittest.TestCase):
    """self.folder is empty at the start and gone at the end."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path
