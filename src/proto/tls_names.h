// SPDX-License-Identifier: Apache-2.0
// Numbers of TLS in words. {NULL, 0}: a number nobody has named.
#pragma once
#include "base/bytes.h"

enum { TLS_VERSION_TEXT_BYTES = 24 };

// "TLS 1.2", "TLSv1" for 1.0, "TLS 1.3 draft-19", "0x1234": the way EVE writes it.
struct bytes tls_version_text(uint16_t version, char room[TLS_VERSION_TEXT_BYTES]);
struct bytes tls_cipher_name(uint16_t cipher);
struct bytes tls_group_name(uint16_t group);
struct bytes tls_alert_name(uint8_t description);
