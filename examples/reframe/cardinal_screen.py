# SPDX-License-Identifier: BSD-3-Clause
"""A ReFrame check: a node's cores compute right, and as fast as they did.

    reframe -c examples/reframe/cardinal_screen.py -r                                 # this machine
    reframe -C settings.py -c examples/reframe/cardinal_screen.py --distribute -r     # each idle node of a partition

Set what it runs with -S, such as -S CardinalScreen.minutes=10 -S CardinalScreen.program=/opt/cardinal/bin/cardinal.
"""
import json

import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.builtins import performance_function, run_before, sanity_function, variable


@rfm.simple_test
class CardinalScreen(rfm.RunOnlyRegressionTest):
    descr = "cardinal screen: every result right to the bit, no core slower than its siblings"
    valid_systems = ["*"]
    valid_prog_environs = ["*"]
    program = variable(str, value="cardinal")
    minutes = variable(float, value=1.0)
    options = variable(str, value="--together")
    num_tasks = 1
    num_tasks_per_node = 1
    exclusive_access = True

    @run_before("run")
    def set_command(self):
        self.executable = self.program
        self.executable_opts = ["screen", "--json", "--minutes", str(self.minutes), *self.options.split()]
        self.time_limit = f"{int(self.minutes) * 4 + 30}m"

    def report(self):
        """What the node printed; a check that printed no report isn't sane."""
        try:
            with open(self.stdout.evaluate(), encoding="utf-8") as file:
                return json.load(file)
        except ValueError as error:
            raise rfm.core.exceptions.SanityError(f"no report of cardinal screen: {error}") from error

    @sanity_function
    def is_right(self):
        report = self.report()
        found = [f"CPU {core['cpu']} is {core['verdict']}: {json.dumps(core['first_wrong'] or core['problem'])}"
                 for core in report["cores"] if core["verdict"] != "right"]
        return sn.assert_true(report["verdict"] == "right" and not found, f"{report['node']}: {'; '.join(found)}")

    @performance_function("GFLOP/s")
    def slowest_core(self):
        """The slowest core's rate with the widest instruction set."""
        report = self.report()
        return min(core["gflops"][report["isas"][-1]] for core in report["cores"])
