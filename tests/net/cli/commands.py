# SPDX-License-Identifier: BSD-3-Clause
"""Commands, their help, and `cardinal info`."""


from support import SMALL, Case


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

    def test_weights(self):
        """Of any network, and in int8 if they are."""
        weights = self.write_weights("w.safetensors")
        self.succeed(self.run_program("quantize", "--weights", weights, "--crop", 32, "--synthetic=1", "-o", "q"))
        for path, kernels in ((weights, "_f32_"), ("q", "_int8_")):
            found = self.succeed(self.info("--weights", path, "--image", "32x32", "--json")).json()["model"]
            self.assertEqual(found["name"], "resnext14_2x4d_1-1-1-1_16to32")
            self.assertTrue(all(kernels in layer["kernel"] for layer in found["layers"]), found["layers"])
        self.fail_with(self.info("--weights", "absent"), 1, "absent: No such file")
        self.fail_with(self.info("--weights", "q", "--model", "resnet50"), 2, "--weights says what network")

    def test_formats(self):
        """Each format by kernels of its own, and why others of the same format don't serve."""
        features = "avx512_vnni,avx512_bf16,avx_vnni"
        for precision in ("f32", "bf16", "int8"):
            result = self.info(*SMALL, "--image", "32x32", "--precision", precision, "--json",
                               env={"CARDINAL_WITHOUT": features})
            found = self.succeed(result).json()
            kernels = {kernel["name"]: kernel for kernel in found["kernels"]}
            self.assertFalse(set(found["features"]["used"]) & set(features.split(",")))
            for layer in found["model"]["layers"]:
                self.assertEqual(kernels[layer["kernel"]]["format"], precision)
                for other in layer["passed_over"]:
                    same = kernels[other["kernel"]]["format"] == precision
                    self.assertEqual(other["reason"] == "it is for another number format", not same, other)
                    if same and not kernels[other["kernel"]]["allowed"]:
                        self.assertEqual(other["reason"], kernels[other["kernel"]]["unusable"])
        told = self.succeed(self.info(env={"CARDINAL_WITHOUT": "fma"})).out
        self.assertIn("not used: ", told)

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


class Tune(Case):
    SMALL_CASE = "conv ic16 oc16 i4 bias"

    def tune(self, *arguments, **options):
        return self.run_program("tune", *arguments, **options)

    def tuning_of(self, path):
        return self.succeed(self.run_program("info", "--json", env={"CARDINAL_TUNING": path})).json()["tuning"]

    def test_file_is_read_back(self):
        # The second differs in the epilogue alone, and so is the same shape.
        result = self.succeed(self.tune("--case", self.SMALL_CASE, "--case", self.SMALL_CASE + " residual",
                                        "--case", "conv ic16 oc16 i5 k3 p1", "--threads", 1, "-o", "a.tuning"))
        self.assertIn("16>16 3x3/1 5x5", result.out)
        self.assertEqual(self.left_behind(), ["a.tuning"])
        lines = (self.directory / "a.tuning").read_text().splitlines()
        self.assertEqual(lines[0], "cardinal tuning 2")
        self.assertEqual(lines[3], "shapes 2")
        self.assertEqual(len([line for line in lines if line.startswith("conv ")]), 2)
        self.assertEqual(self.tuning_of("a.tuning"), "a.tuning: in use for 2 shapes")
        told = self.succeed(self.run_program("info", env={"CARDINAL_TUNING": "a.tuning"})).out
        self.assertIn("a.tuning: in use", told)

    def test_file_of_another_cpu(self):
        self.succeed(self.tune("--case", self.SMALL_CASE, "-o", "a.tuning"))
        path = self.directory / "a.tuning"
        path.write_text(path.read_text().replace("\ncpu ", "\ncpu 9"))
        self.assertIn("a.tuning: ignored: it was made on another CPU", self.tuning_of("a.tuning"))
        self.assertIn("ignored: it can't be opened", self.tuning_of("absent.tuning"))
        self.assertIsNone(self.tuning_of(""))

    def test_formats(self):
        cases = [f"{self.SMALL_CASE}{word}" for word in ("", " bf16", " int8")]
        arguments = [part for case in cases for part in ("--case", case)]
        result = self.succeed(self.tune(*arguments, "--threads", 1, "--json", "-o", "a.tuning")).json()
        self.assertEqual([shape["case"] for shape in result["shapes"]], cases)
        self.assertEqual(set(result["peak_gflops"]), {"f32", "bf16", "int8"})
        lines = [line.split() for line in (self.directory / "a.tuning").read_text().splitlines()
                 if line.startswith("conv ")]
        self.assertEqual([line[-2] for line in lines], ["f32", "bf16", "int8"])
        for shape, line in zip(result["shapes"], lines):
            self.assertEqual(shape["format"], line[-2])
            self.assertEqual(shape["chosen"], line[-1])
            self.assertIn(f"_{shape['format']}_", shape["chosen"])
            self.assertEqual(shape["otherwise"], shape["kernels"][0]["name"])
            self.assertIn(shape["chosen"], [kernel["name"] for kernel in shape["kernels"]])
            for kernel in shape["kernels"]:
                self.assertGreater(kernel["ms"], 0)
                self.assertEqual("peak_pct" in kernel, not kernel["given_up"])
        self.assertEqual(self.tuning_of("a.tuning"), "a.tuning: in use for 3 shapes")

    def test_network_in_the_formats_asked_for(self):
        model = (*SMALL, "--image", "32x32", "--threads", 1, "--seconds", 0.01)
        result = self.succeed(self.tune(*model, "--precision", "int8,bf16", "--json")).json()
        told = [shape["format"] for shape in result["shapes"]]
        self.assertEqual(told, sorted(told))  # bf16, then int8
        self.assertEqual(set(told), {"bf16", "int8"})
        grouped = [shape["case"] for shape in result["shapes"] if " g2 " in shape["case"]]
        self.assertTrue(any(case.endswith(" int8") for case in grouped), grouped)

    def test_no_file(self):
        self.succeed(self.tune("--case", self.SMALL_CASE))
        self.assertEqual(self.left_behind(), [])

    def test_basis_is_told(self):
        layers = self.succeed(self.run_program("info", *SMALL, "--json")).json()["model"]["layers"]
        self.assertTrue(all(layer["basis"] in ("order", "built-in") for layer in layers))

    def test_wrong_arguments(self):
        self.fail_with(self.tune(), 2, "--model", "--case")
        self.fail_with(self.tune("--case", "maxpool c16 i4 k2 s2"), 2, "is a pool")
        self.fail_with(self.tune("--case", "conv ic16"), 2, "--case")
        self.fail_with(self.tune("--model", "vgg16"), 1, 'unknown model "vgg16"')
        self.fail_with(self.tune("--case", self.SMALL_CASE, "--seconds", 0), 2, "--seconds")
        for precision in ("f64", "", "f32,", "bf16 int8"):
            self.fail_with(self.tune("--case", self.SMALL_CASE, "--precision", precision), 2, "f32, bf16 or int8")
        self.fail_with(self.tune("--case", self.SMALL_CASE, "-o", "absent/a.tuning"), 1, "absent/a.tuning")
        self.assertEqual(self.left_behind(), [])
