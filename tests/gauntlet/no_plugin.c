/* SPDX-License-Identifier: BSD-3-Clause */
/* A shared object that is no plug-in. */
int cardinal_no_plugin(void);
int cardinal_no_plugin(void) {
  return 0;
}
