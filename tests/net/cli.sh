#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: cli.sh DATA [EMULATOR [OPTION...]] PROGRAM
# The `cardinal` program from the outside: what it prints, what it leaves behind, and how it ends. Images are small and
# networks synthetic; what they compute is tested elsewhere. Programs are named by absolute paths.
set -u
data=$(realpath "$1")
shift
program=("$@")
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory" || exit 1
unset CARDINAL_ISA CARDINAL_NUM_THREADS
photo=$data/photos/rocket.jpg
checks=0
failures=0

# check NAME STATUS TEXT... -- ARGUMENT...: runs the program; its exit status must be STATUS, and each TEXT must be in
# what it prints, on whatever stream.
check() {
  local name=$1 status=$2 texts=() found missing=
  shift 2
  while [ "$1" != -- ]; do
    texts+=("$1")
    shift
  done
  shift
  "${program[@]}" "$@" >out 2>err
  found=$?
  for text in "${texts[@]}"; do
    grep -qF -e "$text" out err || missing="$missing \"$text\""
  done
  report "$name" "$([ "$found" -eq "$status" ] && [ -z "$missing" ] && echo yes)" \
    "exit status $found, expected $status; lacks:$missing"
}

report() {
  checks=$((checks + 1))
  [ -n "$2" ] && return
  failures=$((failures + 1))
  echo "FAILED: $1: $3"
  head -n 20 out err
}

check 'no command' 2 'usage: cardinal COMMAND' --
check 'unknown command' 2 'there is no command "clasify"' -- clasify
check 'version' 0 'cardinal ' -- --version
for command in classify info; do
  check "help $command" 0 "usage: cardinal $command" '--json' -- help "$command"
  check "$command --help" 0 "usage: cardinal $command" -- "$command" --help
done
check 'help on nothing' 2 'there is no command "x"' -- help x

check 'info' 0 'CPU' 'caches' 'conv1x1_f32_4x16_generic' 'enabled by the OS' -- info
check 'info as JSON' 0 '"allowed_cores":' '"numa_nodes":' '"l1d":' '"twin":' -- info --json
check 'info on a model' 0 'layer4.2.conv2' 'in 32 groups' 'a kernel before it serves' '25.0 million parameters' -- \
  info --model resnext50_32x4d
check 'info on a custom model' 0 '"name": "resnext50_8x14d"' '"passed_over"' -- \
  info --arch 50 --cardinality 8 --width 14 --image 64x96 --batch 2 --json
CARDINAL_ISA=generic check 'info with a cap' 0 'ISA        generic' -- info
CARDINAL_ISA=sse9 check 'an unknown ISA' 1 "unknown instruction set 'sse9'" 'available: generic' -- info
check 'info on an unknown model' 1 'unknown model "vgg16"' 'resnet50' -- info --model vgg16
check 'a bad image size' 2 '--image' -- info --model resnet50 --image 224
check 'too many arguments' 2 'one argument too many' -- info resnet50

check 'classes' 0 'synthetic weights' 'mean nothing' "$photo" ' %  ' -- classify "$photo"
report 'five classes' "$([ "$(grep -c ' %  ' out)" -eq 5 ] && echo yes)" 'expected five lines'
check 'classes as JSON' 0 '"synthetic": true' '"probability"' '"note"' '"threads": 1' -- \
  classify --json --top 2 --threads 1 "$photo"
report 'two classes' "$([ "$(grep -c '"class"' out)" -eq 2 ] && echo yes)" 'expected two classes'
seq -f 'name %g' 0 999 >labels.txt
check 'labels' 0 '%  name ' -- classify --labels labels.txt "$photo"
check 'a custom model' 0 '"model": "resnext50_2x40d"' -- \
  classify --arch 50 --cardinality 2 --width 40 --seed 3 --json "$photo"
check 'a profile' 0 'layer1.0.conv2' 'whole network' 'FMA peak measured' -- classify --profile "$photo"

# A photo gives the same alone and in a batch that isn't full.
check 'one by one' 0 -- classify "$photo" "$data/photos/coffee.jpg" "$data/photos/chelsea.png"
mv out alone
check 'in batches' 0 -- classify --batch 2 "$photo" "$data/photos/coffee.jpg" "$data/photos/chelsea.png"
report 'batches change nothing' "$(cmp -s alone out && echo yes)" 'the classes differ'

check 'features' 0 'wrote 2 x 2048 features' -- classify --features features.npy "$photo" "$photo"
report 'size of the features' "$([ "$(stat -c %s features.npy)" -eq $((128 + 2 * 2048 * 4)) ] && echo yes)" \
  "$(stat -c %s features.npy) bytes"
report 'header of the features' "$(head -c 128 features.npy | grep -aqF "'shape': (2, 2048)" && echo yes)" 'no shape'

# What goes wrong is said, and leaves nothing behind.
check 'no photo' 2 'no photo was named' -- classify
check 'an absent photo' 1 'absent.jpg: No such file' -- classify absent.jpg
check 'no photo at all' 1 'labels.txt: neither a JPEG nor a PNG file' -- classify labels.txt
check 'an unknown option' 2 'cardinal classify: unrecognized option' -- classify --colour "$photo"
check 'a bad number' 2 '--top: expected a whole number' -- classify --top five "$photo"
check 'too many classes' 2 'the network has 1000 classes, not 1001' -- classify --top 1001 "$photo"
check 'half a custom model' 2 'go together' -- classify --arch 50 "$photo"
check 'two models' 2 "doesn't go with" -- classify --model resnet50 --arch 50 "$photo"
check 'a depth in between' 1 'depth is 77' -- classify --arch 77 --cardinality 1 --width 64 "$photo"
check 'absent weights' 1 'absent.safetensors: No such file' -- classify --weights absent.safetensors "$photo"
check 'no weights at all' 1 'labels.txt: not a safetensors file' -- classify --weights labels.txt "$photo"
check 'too few labels' 1 'one name a line for each' -- classify --labels "$data/net_checksums.txt" "$photo"
check 'labels with features' 2 '--labels and --top have no meaning' -- classify --features x.npy --top 1 "$photo"
check 'features to nowhere' 1 'nowhere/x.npy' -- classify --features nowhere/x.npy "$photo"
check 'features of an absent photo' 1 'absent.jpg' -- classify --features x.npy "$photo" absent.jpg
report 'no half-written features' "$([ -z "$(ls | grep '^x\.npy')" ] && echo yes)" "$(ls)"
if [ -w /dev/full ]; then
  "${program[@]}" info >/dev/full 2>err
  report 'a full disk' "$([ $? -eq 1 ] && grep -qF "can't be written" err && echo yes)" 'expected status 1'
fi

echo "$checks checks, $failures failed"
[ "$failures" -eq 0 ] && [ "$checks" -gt 40 ]
