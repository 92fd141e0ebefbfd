# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Kerberos: MIT's KDC for CITY.EXAMPLE; kinit, kvno and kpasswd over UDP and TCP.

versions() { dpkg-query -W krb5-kdc krb5-user; }

krb5_settings()
{
    cat >"$work/krb5.conf" <<CONF
[libdefaults]
    default_realm = CITY.EXAMPLE
    dns_lookup_kdc = false
    dns_lookup_realm = false
    rdns = false
    dns_canonicalize_hostname = false
    allow_weak_crypto = true
    allow_rc4 = true
    permitted_enctypes = aes256-cts aes128-cts rc4-hmac
    udp_preference_limit = ${1:-4000}
    pkinit_anchors = FILE:$work/ca.pem
[realms]
    CITY.EXAMPLE = {
        kdc = $server_ip
        admin_server = $server_ip
        kpasswd_server = $server_ip
    }
[logging]
    kdc = FILE:$work/kdc.log
    admin_server = FILE:$work/kadmind.log
CONF
}

krb5_certificates()
{
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -subj '/O=Sample City/CN=City CA' -days 365 2>/dev/null
    cat >"$work/ext" <<'CONF'
[kdc]
keyUsage = digitalSignature, keyEncipherment, keyAgreement
extendedKeyUsage = 1.3.6.1.5.2.3.5
subjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:kdc_name
[client]
keyUsage = digitalSignature, keyEncipherment, keyAgreement
extendedKeyUsage = 1.3.6.1.5.2.3.4
subjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:client_name
[kdc_name]
realm = EXP:0,GeneralString:CITY.EXAMPLE
name = EXP:1,SEQUENCE:kdc_principal
[kdc_principal]
type = EXP:0,INTEGER:1
strings = EXP:1,SEQUENCE:kdc_strings
[kdc_strings]
a = GeneralString:krbtgt
b = GeneralString:CITY.EXAMPLE
[client_name]
realm = EXP:0,GeneralString:CITY.EXAMPLE
name = EXP:1,SEQUENCE:client_principal
[client_principal]
type = EXP:0,INTEGER:1
strings = EXP:1,SEQUENCE:client_strings
[client_strings]
a = GeneralString:mayor
CONF
    for who in kdc client; do
        openssl req -newkey rsa:2048 -nodes -keyout "$work/$who.key" -out "$work/$who.csr" -subj "/O=Sample City/CN=$who" 2>/dev/null
        openssl x509 -req -in "$work/$who.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 365 \
            -extfile "$work/ext" -extensions "$who" -out "$work/$who.pem" 2>/dev/null
    done
}

admin() { server kadmin.local -q "$*" >>"$work/servers.log" 2>&1; }

servers()
{
    export KRB5_CONFIG=$work/krb5.conf KRB5_KDC_PROFILE=$work/kdc.conf KRB5CCNAME=FILE:$work/cc
    krb5_settings
    krb5_certificates
    cat >"$work/kdc.conf" <<CONF
[realms]
    CITY.EXAMPLE = {
        database_name = $work/principal
        key_stash_file = $work/stash
        acl_file = $work/kadm5.acl
        supported_enctypes = aes256-cts:normal rc4-hmac:normal
        max_renewable_life = 7d
        default_principal_flags = +preauth
        pkinit_identity = FILE:$work/kdc.pem,$work/kdc.key
        pkinit_anchors = FILE:$work/ca.pem
    }
CONF
    : >"$work/kadm5.acl"
    server kdb5_util create -s -P master >>"$work/servers.log" 2>&1
    admin addprinc -pw secret clerk
    admin addprinc -pw secret mayor
    admin addprinc -pw secret +ok_to_auth_as_delegate http/www.city.example
    admin addprinc -pw secret cifs/files.city.example
    admin addprinc -pw secret -e rc4-hmac:normal mssql/old.city.example
    admin addprinc -pw secret -expire 2020-01-01 retired
    admin addprinc -randkey kadmin/changepw
    admin addprinc -randkey WELLKNOWN/ANONYMOUS
    server_bg krb5kdc -n
    server_bg kadmind -nofork
    wait_tcp 88
    wait_tcp 464
}

log_on() { echo "${2:-secret}" | client kinit "$1" >>"$work/servers.log" 2>&1 || true; }

case_log_on() { log_on clerk; }
case_wrong_password() { log_on clerk guess; }
case_unknown_user() { log_on nobody; }
case_expired() { log_on retired; }
case_service_ticket()
{
    log_on clerk
    client kvno cifs/files.city.example cifs/nowhere.city.example >/dev/null 2>&1 || true
}
case_roasted()
{
    log_on clerk
    client kvno -e rc4-hmac mssql/old.city.example >/dev/null 2>&1 || true
}
case_tcp()
{
    krb5_settings 1
    log_on clerk
    client kvno cifs/files.city.example >/dev/null 2>&1 || true
    krb5_settings
}
case_options() { echo secret | client kinit -f -p -r 2d -l 1h -s 10m -a clerk >>"$work/servers.log" 2>&1 || true; }
case_renewed()
{
    echo secret | client kinit -r 2d clerk >/dev/null 2>&1 || true
    client kinit -R >/dev/null 2>&1 || true
}
case_certificate() { client kinit -X "X509_user_identity=FILE:$work/client.pem,$work/client.key" mayor </dev/null >>"$work/servers.log" 2>&1 || true; }
case_s4u()
{
    log_on http/www.city.example
    client kvno -U mayor http/www.city.example >/dev/null 2>&1 || true
    client kvno --u2u "$work/cc" http/www.city.example >/dev/null 2>&1 || true
}
case_password_change()
{
    printf 'secret\nbetter\nbetter\n' | client kpasswd clerk >>"$work/servers.log" 2>&1 || true
    admin cpw -pw secret clerk
}
