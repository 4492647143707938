# SPDX-License-Identifier: MIT
"""The bench harness; ../run is the program. Order of reading: measure, guest, engines, build, report."""
