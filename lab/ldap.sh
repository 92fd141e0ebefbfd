# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# LDAP: OpenLDAP's slapd with the directory of a town; ldap-utils bind, search, change, upgrade to TLS.

versions() { dpkg-query -W slapd ldap-utils; }

servers()
{
    mkdir -p "$work/db"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ldap.key" -out "$work/ldap.pem" -subj '/O=Sample City/CN=ldap.city.example' \
        -addext "subjectAltName=IP:$server_ip" -days 365 2>/dev/null
    cat >"$work/slapd.conf" <<CONF
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $work/slapd.pid
TLSCertificateFile $work/ldap.pem
TLSCertificateKeyFile $work/ldap.key
password-hash {CLEARTEXT}
authz-regexp uid=([^,]*),cn=[^,]*,cn=auth uid=\$1,ou=people,dc=city,dc=example
referral ldap://elsewhere.example
database mdb
suffix dc=city,dc=example
rootdn cn=admin,dc=city,dc=example
rootpw secret
directory $work/db
sizelimit 50
CONF
    { cat <<'LDIF'
dn: dc=city,dc=example
objectClass: domain
dc: city

dn: ou=people,dc=city,dc=example
objectClass: organizationalUnit
ou: people

dn: uid=clerk,ou=people,dc=city,dc=example
objectClass: inetOrgPerson
uid: clerk
cn: 山田 太郎
sn: Yamada
mail: yamada@city.example
userPassword: secret

LDIF
      for i in $(seq 60); do
          printf 'dn: uid=u%d,ou=people,dc=city,dc=example\nobjectClass: inetOrgPerson\nuid: u%d\ncn: user %d\nsn: user\n\n' "$i" "$i" "$i"
      done; } >"$work/town.ldif"
    server slapadd -f "$work/slapd.conf" -l "$work/town.ldif" >>"$work/servers.log" 2>&1
    server_bg slapd -f "$work/slapd.conf" -h "ldap://$server_ip" -d 0
    wait_tcp 389
    export LDAPTLS_REQCERT=never LDAPSASL_NOCANON=on
}

admin=(-H "ldap://$server_ip" -x -D cn=admin,dc=city,dc=example -w secret)
quiet() { client "$@" >>"$work/servers.log" 2>&1 || true; }
search() { quiet ldapsearch "$@"; }

case_anonymous_search() { search -H "ldap://$server_ip" -x -b '' -s base '(objectClass=*)' namingContexts supportedSASLMechanisms; }
case_search() { search "${admin[@]}" -b dc=city,dc=example '(&(objectClass=inetOrgPerson)(|(uid=clerk)(mail=*@city.*))(!(sn=Suzuki)))' cn mail userPassword; }
case_many_results() { search "${admin[@]}" -b ou=people,dc=city,dc=example -z none '(uid=u*)' uid; }
case_size_limit() { search -H "ldap://$server_ip" -x -b ou=people,dc=city,dc=example -z 10 '(uid>=u1)' 1.1; }
case_paged() { search "${admin[@]}" -E pr=25/noprompt -b ou=people,dc=city,dc=example '(uid~=u1)' uid; }
case_wrong_password() { search -H "ldap://$server_ip" -x -D uid=clerk,ou=people,dc=city,dc=example -w guess -b '' -s base; }
case_no_such_object() { search "${admin[@]}" -b ou=nowhere,dc=city,dc=example; }
case_referral() { search "${admin[@]}" -b dc=other,dc=example; }
case_changes()
{
    printf 'dn: uid=new,ou=people,dc=city,dc=example\nchangetype: add\nobjectClass: inetOrgPerson\nuid: new\ncn: New\nsn: One\nuserPassword: hidden\n\n%s\n%s\n' \
        $'dn: uid=new,ou=people,dc=city,dc=example\nchangetype: modify\nreplace: sn\nsn: Two\n-\nadd: mail\nmail: new@city.example\n-\ndelete: cn\ncn: New\n-\nadd: cn\ncn: Newer\n' \
        $'dn: uid=new,ou=people,dc=city,dc=example\nchangetype: modrdn\nnewrdn: uid=renamed\ndeleteoldrdn: 1\nnewsuperior: dc=city,dc=example\n' >"$work/change.ldif"
    quiet ldapmodify "${admin[@]}" -f "$work/change.ldif"
    quiet ldapcompare "${admin[@]}" uid=renamed,dc=city,dc=example 'sn:Two'
    quiet ldapdelete "${admin[@]}" uid=renamed,dc=city,dc=example uid=nobody,dc=city,dc=example
}
case_starttls() { search "${admin[@]}" -ZZ -b '' -s base; }
case_whoami() { quiet ldapwhoami "${admin[@]}"; }
case_password_change() { quiet ldappasswd "${admin[@]}" -s secret uid=clerk,ou=people,dc=city,dc=example; }
case_digest_md5() { quiet ldapwhoami -H "ldap://$server_ip" -Y DIGEST-MD5 -U clerk -w secret -O maxssf=0; }
case_digest_md5_sealed() { quiet ldapwhoami -H "ldap://$server_ip" -Y DIGEST-MD5 -U clerk -w secret; }
case_scram() { quiet ldapwhoami -H "ldap://$server_ip" -Y SCRAM-SHA-256 -U clerk -w secret; }
