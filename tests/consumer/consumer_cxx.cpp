// SPDX-License-Identifier: BSD-3-Clause
// The public headers compile as C++, and their functions link.
#include <cardinal/cardinal.h>
#include <cardinal/image.h>
#include <cardinal/net.h>

int main() {
  cardinal_context *context = nullptr;
  const cardinal_status status = cardinal_context_create(nullptr, &context, nullptr);
  cardinal_context_destroy(context);
  return status == CARDINAL_OK ? 0 : 1;
}
