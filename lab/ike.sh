# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# IKE: charon-cmd asks a responder that is not there but for its first messages; what needs two
# daemons with kernel IPsec is crafted (lab/craft_ike.py).

versions() { charon-cmd --version 2>&1 | head -n 1; }

case_initiator()
{
    printf 'charon-cmd {\n retransmit_tries = 1\n retransmit_timeout = 1.0\n}\n' >"$work/strongswan.conf"
    client env STRONGSWAN_CONF="$work/strongswan.conf" timeout 4 charon-cmd --host "$server_ip" --identity clerk@city.example --profile ikev2-eap </dev/null >/dev/null 2>&1 || true
    client env STRONGSWAN_CONF="$work/strongswan.conf" timeout 4 charon-cmd --host "$server_ip" --identity clerk@city.example --profile ikev1-xauth-psk </dev/null >/dev/null 2>&1 || true
}
