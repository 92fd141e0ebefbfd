// Rules for harmless texts of lab/craft_files.py.
import "hash"

rule lab_marker : lab
{
    meta:
        description = "Marker of the lab"
        author = "Yagura"
        reference = "lab/craft_files.py"
        score = 75
        tlp = "clear"
        mitre_attack = "T1105"
    strings:
        $first = /yagura-lab-marker: [a-z]+/
        $page = "<html>" nocase
    condition:
        $first and (filesize < 1000 or $page)
}

private rule large { condition: filesize > 100 }

rule lab_upload
{
    meta:
        severity = "low"
        confidence = "high"
    strings:
        $second = { 73 65 63 6f 6e 64 20 6d ?? 72 6b 65 72 }
    condition:
        large and $second at 100 and filename == "up.bin" and hash.md5(0, 3) == "f561aaf6ef0bf14d4208bb46a4ccb3ad"
}

rule lab_broken { condition: no_such_thing }
