# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal classify --precision`: the five best classes of real photos in bf16 beside those in f32."""

import os

from support import CHELSEA, COFFEE, DATA, PHOTO, Case

SMALL_SCALE = os.environ.get("CARDINAL_TEST_SCALE") == "small"
NETWORKS = ["resnext50_32x4d"] if SMALL_SCALE else ["resnext50_32x4d", "resnet50"]
PHOTOS = [PHOTO, CHELSEA] if SMALL_SCALE else [PHOTO, COFFEE, CHELSEA, str(DATA / "photos" / "grace_hopper.jpg")]
# As shares of the largest logit; docs/quantisation.md states both.
FARTHEST = 0.01
NEAR = 0.002


class TopFive(Case):
    def logits(self, model, precision):
        """Of each photo, the logit of each class."""
        found = self.succeed(self.run_program("classify", "--model", model, "--precision", precision, "--top", 1000,
                                              "--json", *PHOTOS)).json()
        self.assertEqual(found["precision"], precision)
        return [{entry["class"]: entry["logit"] for entry in photo["top"]} for photo in found["photos"]]

    def test_bf16_finds_the_same(self):
        """In the same order, but for classes whose logits in f32 are near each other."""
        seen = set()
        for model in NETWORKS:
            for photo, exact, rounded in zip(PHOTOS, self.logits(model, "f32"), self.logits(model, "bf16")):
                largest = max(map(abs, exact.values()))
                distance = max(abs(exact[name] - rounded[name]) for name in exact) / largest
                best, found = (sorted(logits, key=logits.get, reverse=True)[:5] for logits in (exact, rounded))
                swapped = [abs(exact[one] - exact[other]) / largest for one, other in zip(best, found) if one != other]
                print("%s, %s: f32 %s, bf16 %s; farthest logit %.5f, places swapped %s" % (
                    model, photo, best, found, distance, swapped))
                self.assertTrue(0 < distance <= FARTHEST, distance)
                self.assertLessEqual(max(swapped, default=0), NEAR, (best, found))
                seen.add(tuple(best))
        self.assertEqual(len(seen), len(NETWORKS) * len(PHOTOS), "photos aren't told apart")
