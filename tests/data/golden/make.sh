#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Made the files of this folder, which are frozen: README.md says what it takes to change one.
# usage: make.sh FOLDER     (needs /usr/bin/python3 with NumPy and PyTorch: python3-numpy, python3-torch)
set -eu
to=$1
export_reference() {
  /usr/bin/python3 "$(dirname "$0")/../../../tools/export_reference.py" "$@"
}
export_reference cases "$to/integers.safetensors" --with numpy --data integers
export_reference cases "$to/random.safetensors" --with numpy \
  --only width4,width5to3,strides_apart,dilated,asymmetric,projection,pointwise,avgpool
export_reference cases "$to/pytorch.safetensors" --with torch \
  --only width4,strided,strides_apart,dilated,asymmetric,stem,projection,avgpool
export_reference network "$to/network.safetensors" --with numpy --model resnext14_32x4d_1-1-1-1 --size 32x32 \
  --layers layer4.0.conv2,layer4.0.conv3,fc
