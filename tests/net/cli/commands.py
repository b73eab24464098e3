# SPDX-License-Identifier: BSD-3-Clause
"""Commands, their help, and `cardinal info`."""


from support import Case


class Commands(Case):
    def test_no_command(self):
        self.fail_with(self.run_program(), 2, "usage: cardinal COMMAND", "classify", "info")

    def test_unknown_command(self):
        self.fail_with(self.run_program("clasify"), 2, 'there is no command "clasify"', "usage: cardinal COMMAND")

    def test_version(self):
        self.assertRegex(self.succeed(self.run_program("--version")).out, r"^cardinal \d+\.\d+\.\d+\n$")

    def test_help(self):
        for command in ("classify", "info"):
            asked = self.succeed(self.run_program("help", command)).out
            self.assertIn("--json", asked)
            self.assertIn("cardinal %s " % command, asked.splitlines()[0])
            self.assertEqual(self.succeed(self.run_program(command, "--help")).out, asked)
            self.assertTrue(all(len(line) <= 120 for line in asked.splitlines()))

    def test_help_on_nothing(self):
        self.fail_with(self.run_program("help", "x"), 2, 'there is no command "x"')


class Info(Case):
    def info(self, *arguments, **options):
        return self.run_program("info", *arguments, **options)

    def test_machine(self):
        found = self.succeed(self.info()).out
        for text in ("CPU", "caches", "conv1x1_f32_4x16_generic", "enabled by the OS"):
            self.assertIn(text, found)

    def test_machine_as_json(self):
        found = self.succeed(self.info("--json")).json()
        self.assertGreaterEqual(found["topology"]["allowed_cores"], 1)
        self.assertIn("numa_nodes", found["topology"])
        self.assertIn("l1d", found["caches"])
        kernels = {kernel["name"]: kernel for kernel in found["kernels"]}
        self.assertTrue(kernels["conv1x1_f32_4x16_generic"]["allowed"])
        self.assertNotIn("model", found)

    def test_model(self):
        found = self.succeed(self.info("--model", "resnext50_32x4d")).out
        for text in ("layer4.2.conv2", "in 32 groups", "a kernel before it serves", "25.0 million parameters"):
            self.assertIn(text, found)

    def test_custom_model_as_json(self):
        found = self.succeed(self.info("--arch", 50, "--cardinality", 8, "--width", 14, "--image", "64x96",
                                       "--batch", 2,
                                       "--json")).json()["model"]
        self.assertEqual(found["name"], "resnext50_8x14d")
        self.assertEqual((found["image_height"], found["image_width"], found["batch"]), (64, 96, 2))
        self.assertEqual(len(found["layers"]), 56)
        layers = {layer["name"]: layer for layer in found["layers"]}
        self.assertEqual(layers["layer2.0.conv2"]["shape"]["groups"], 8)
        self.assertTrue(any(layer["passed_over"] for layer in found["layers"]))

    def test_cap(self):
        result = self.succeed(self.info("--json", env={"CARDINAL_ISA": "generic"}))
        self.assertEqual(result.json()["isa"]["used"], "generic")

    def test_unknown_isa(self):
        result = self.info(env={"CARDINAL_ISA": "sse9"})
        self.fail_with(result, 1, "unknown instruction set 'sse9'", "available: generic")

    def test_wrong_arguments(self):
        self.fail_with(self.info("--model", "vgg16"), 1, 'unknown model "vgg16"', "resnet50")
        self.fail_with(self.info("--model", "resnet50", "--image", "224"), 2, "--image")
        self.fail_with(self.info("resnet50"), 2, '"resnet50"')
        self.fail_with(self.info("--colour"), 2, "--colour")
