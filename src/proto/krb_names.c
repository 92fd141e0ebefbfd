// SPDX-License-Identifier: Apache-2.0
// Names of Kerberos' numbers: message types, errors and options of RFC 4120 sections 5.4.1, 5.10
// and 7.5.9, RFC 4556; encryption and pre-authentication types as IANA lists them and MS-KILE adds.
#include "proto/krb_message.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct name {
    int32_t number;
    const char *text;
};

static const char *find(const struct name *names, size_t count, int32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].number == number)
            return names[i].text;
    return NULL;
}

const char *krb_type_name(uint8_t type)
{
    static const struct name names[] = {
        {KRB_AS_REQ, "KRB_AS_REQ"},
        {KRB_AS_REP, "KRB_AS_REP"},
        {KRB_TGS_REQ, "KRB_TGS_REQ"},
        {KRB_TGS_REP, "KRB_TGS_REP"},
        {KRB_AP_REQ, "KRB_AP_REQ"},
        {KRB_AP_REP, "KRB_AP_REP"},
        {KRB_SAFE, "KRB_SAFE"},
        {KRB_PRIV, "KRB_PRIV"},
        {KRB_CRED, "KRB_CRED"},
        {KRB_ERROR, "KRB_ERROR"},
    };
    return find(names, COUNT(names), type);
}

const char *krb_etype_name(int32_t etype)
{
    static const struct name names[] = {
        {1, "des-cbc-crc"},
        {2, "des-cbc-md4"},
        {3, "des-cbc-md5"},
        {5, "des3-cbc-md5"},
        {7, "des3-cbc-sha1"},
        {9, "dsaWithSHA1-CmsOID"},
        {10, "md5WithRSAEncryption-CmsOID"},
        {11, "sha1WithRSAEncryption-CmsOID"},
        {12, "rc2CBC-EnvOID"},
        {13, "rsaEncryption-EnvOID"},
        {14, "rsaES-OAEP-ENV-OID"},
        {15, "des-ede3-cbc-Env-OID"},
        {16, "des3-cbc-sha1-kd"},
        {17, "aes128-cts-hmac-sha1-96"},
        {18, "aes256-cts-hmac-sha1-96"},
        {19, "aes128-cts-hmac-sha256-128"},
        {20, "aes256-cts-hmac-sha384-192"},
        {23, "rc4-hmac"},
        {24, "rc4-hmac-exp"},
        {25, "camellia128-cts-cmac"},
        {26, "camellia256-cts-cmac"},
        {65, "subkey-keymaterial"},
        {-128, "rc4-md4"},
        {-133, "rc4-hmac-old"},
        {-135, "rc4-hmac-old-exp"},
    };
    return find(names, COUNT(names), etype);
}

bool krb_etype_weak(int32_t etype)
{
    return !((etype >= 17 && etype <= 20) || etype == 25 || etype == 26);
}

const char *krb_error_name(int32_t code)
{
    static const struct name names[] = {
#define KRB_ERROR_CODE(number, text) {number, text},
#include "proto/krb_error.def"
#undef KRB_ERROR_CODE
    };
    return find(names, COUNT(names), code);
}

const char *krb_preauth_name(int32_t type)
{
    static const struct name names[] = {
        {1, "PA-TGS-REQ"},
        {2, "PA-ENC-TIMESTAMP"},
        {3, "PA-PW-SALT"},
        {10, "PA-AFS3-SALT"},
        {11, "PA-ETYPE-INFO"},
        {12, "PA-SAM-CHALLENGE"},
        {13, "PA-SAM-RESPONSE"},
        {14, "PA-PK-AS-REQ_OLD"},
        {15, "PA-PK-AS-REP_OLD"},
        {16, "PA-PK-AS-REQ"},
        {17, "PA-PK-AS-REP"},
        {19, "PA-ETYPE-INFO2"},
        {20, "PA-SVR-REFERRAL-INFO"},
        {111, "TD-CMS-DIGEST-ALGORITHMS"},
        {128, "PA-PAC-REQUEST"},
        {129, "PA-FOR-USER"},
        {130, "PA-FOR-X509-USER"},
        {131, "PA-FOR-CHECK_DUPS"},
        {132, "PA-AS-CHECKSUM"},
        {133, "PA-FX-COOKIE"},
        {134, "PA-AUTHENTICATION-SET"},
        {135, "PA-AUTH-SET-SELECTED"},
        {136, "PA-FX-FAST"},
        {137, "PA-FX-ERROR"},
        {138, "PA-ENCRYPTED-CHALLENGE"},
        {141, "PA-OTP-CHALLENGE"},
        {142, "PA-OTP-REQUEST"},
        {147, "PA-PKINIT-KX"},
        {148, "PA-PKU2U-NAME"},
        {149, "PA-REQ-ENC-PA-REP"},
        {150, "PA-AS-FRESHNESS"},
        {151, "PA-SPAKE"},
        {161, "KERB-KEY-LIST-REQ"},
        {162, "KERB-KEY-LIST-REP"},
        {165, "PA-SUPPORTED-ENCTYPES"},
        {166, "PA-EXTENDED-ERROR"},
        {167, "PA-PAC-OPTIONS"},
    };
    return find(names, COUNT(names), type);
}

const char *krb_option_name(bool ap, unsigned bit)
{
    static const struct name kdc[] = {
        {1, "forwardable"},
        {2, "forwarded"},
        {3, "proxiable"},
        {4, "proxy"},
        {5, "allow_postdate"},
        {6, "postdated"},
        {8, "renewable"},
        {14, "constrained_delegation"},
        {15, "canonicalize"},
        {16, "request_anonymous"},
        {26, "disable_transited_check"},
        {27, "renewable_ok"},
        {28, "enc_tkt_in_skey"},
        {30, "renew"},
        {31, "validate"},
    };
    static const struct name of_ap[] = {
        {1, "use_session_key"},
        {2, "mutual_required"},
    };
    return ap ? find(of_ap, COUNT(of_ap), (int32_t)bit) : find(kdc, COUNT(kdc), (int32_t)bit);
}
