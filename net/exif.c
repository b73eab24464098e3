/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/exif.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static uint32_t read_number(const unsigned char *from, int bytes, bool big_endian) {
  uint32_t number = 0;
  for (int i = 0; i < bytes; i++)
    number |= (uint32_t)from[i] << 8 * (big_endian ? bytes - 1 - i : i);
  return number;
}

int cardinal_exif_orientation(const unsigned char *tiff, size_t bytes) {
  enum {
    UPRIGHT = 1,
    TAG_ORIENTATION = 0x0112,
    TYPE_SHORT = 3,
    ENTRY_BYTES = 12
  };
  if (bytes < 8 || (memcmp(tiff, "II*\0", 4) != 0 && memcmp(tiff, "MM\0*", 4) != 0))
    return UPRIGHT;
  bool big_endian = tiff[0] == 'M';
  size_t directory = read_number(tiff + 4, 4, big_endian);
  if (directory > bytes - 2)
    return UPRIGHT;
  size_t entries = read_number(tiff + directory, 2, big_endian);
  const unsigned char *entry = tiff + directory + 2;
  size_t available = (bytes - directory - 2) / ENTRY_BYTES;
  for (size_t i = 0; i < entries && i < available; i++, entry += ENTRY_BYTES) {
    if (read_number(entry, 2, big_endian) != TAG_ORIENTATION)
      continue;
    uint32_t orientation = read_number(entry + 8, 2, big_endian);
    bool sensible = read_number(entry + 2, 2, big_endian) == TYPE_SHORT && orientation >= 1 && orientation <= 8;
    return sensible ? (int)orientation : UPRIGHT;
  }
  return UPRIGHT;
}
