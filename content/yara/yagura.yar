// SPDX-License-Identifier: Apache-2.0
// A few rules of our own, for what any network should know of: yagura read --yara content/yara.
// Each is written so that ordinary files do not match; description and description_ja say what was seen.
import "pe"

rule test_file_eicar : test
{
    meta:
        description = "EICAR test file: harmless, made to test virus scanners"
        description_ja = "EICAR テストファイル(ウイルス対策ソフトの動作確認用で、無害です)"
        author = "Yagura"
        reference = "https://www.eicar.org/download-anti-malware-testfile/"
        score = 40
        confidence = 95
    strings:
        $text = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    condition:
        $text at 0 and filesize <= 128
}

rule web_shell_php
{
    meta:
        description = "PHP script that runs what a request tells it (web shell)"
        description_ja = "リクエストの内容をそのまま実行する PHP スクリプト(Web シェル)"
        author = "Yagura"
        score = 80
        mitre_attack = "T1505.003"
    strings:
        $php = "<?php" nocase
        $short = "<?="
        $run = /\b(eval|assert|system|shell_exec|passthru|exec|popen|proc_open)\s{0,4}\(\s{0,4}(base64_decode\s{0,4}\(\s{0,4}|gzinflate\s{0,4}\(\s{0,4}|str_rot13\s{0,4}\(\s{0,4}|stripslashes\s{0,4}\(\s{0,4}|@){0,3}\$_(GET|POST|REQUEST|COOKIE|SERVER)\s{0,4}\[/ nocase
        $call = /\$_(GET|POST|REQUEST|COOKIE)\s{0,4}\[[^\]]{1,32}\]\s{0,4}\(\s{0,4}\$_(GET|POST|REQUEST|COOKIE)\s{0,4}\[/ nocase
    condition:
        filesize < 1MB and ($php or $short) and ($run or $call)
}

rule web_shell_jsp
{
    meta:
        description = "JSP page that runs a request's parameter as a command (web shell)"
        description_ja = "リクエストのパラメーターをコマンドとして実行する JSP ページ(Web シェル)"
        author = "Yagura"
        score = 75
        mitre_attack = "T1505.003"
    strings:
        $page = "<%"
        $run = /getRuntime\(\s{0,4}\)\s{0,4}\.\s{0,4}exec\(\s{0,4}request\s{0,4}\.\s{0,4}getParameter\s{0,4}\(/
        $build = /new\s{1,4}(java\.lang\.)?ProcessBuilder\([^;]{0,80}request\s{0,4}\.\s{0,4}getParameter\s{0,4}\(/
    condition:
        filesize < 1MB and $page and ($run or $build)
}

rule web_shell_asp
{
    meta:
        description = "ASP page that runs what a request tells it (web shell)"
        description_ja = "リクエストの内容をそのまま実行する ASP ページ(Web シェル)"
        author = "Yagura"
        score = 80
        mitre_attack = "T1505.003"
    strings:
        $page = "<%"
        $run = /\b(eval|execute|executeglobal)\s{0,4}\(?\s{0,4}request(\.(item|form|querystring))?\s{0,4}[\(\[]\s{0,4}"/ nocase
    condition:
        filesize < 1MB and $page and $run
}

rule script_powershell_download_run
{
    meta:
        description = "Script that lets PowerShell fetch code and run it at once, hidden"
        description_ja = "PowerShell に隠れてプログラムをダウンロードさせ、そのまま実行するスクリプト"
        author = "Yagura"
        score = 75
        mitre_attack = "T1059.001, T1105"
    strings:
        $hidden = /-w(indowstyle)?\s{1,4}hid(den)?\b/ nocase ascii wide
        $fetch_run = /\b(iex|invoke-expression)\b.{0,40}\bnew-object\b.{0,20}net\.webclient.{0,20}\.download(string|data)/ nocase ascii wide
        $fetch_pipe = /\.download(string|data)\s{0,4}\([^\)]{4,200}\)\s{0,4}\|\s{0,4}(iex|invoke-expression)\b/ nocase ascii wide
    condition:
        filesize < 2MB and $hidden and ($fetch_run or $fetch_pipe)
}

rule script_encoded_program
{
    meta:
        description = "Script that carries a Windows program in base64 and starts a process"
        description_ja = "Windows のプログラムを base64 で内蔵し、プロセスを起動するスクリプト"
        author = "Yagura"
        score = 70
        mitre_attack = "T1027, T1059"
    strings:
        $program = /[^A-Za-z0-9+\/]TV(qQAAMAAAAEAAAA|pQAAIAAAAEAA8A|oAAAAAAAAAAAAA)/
        $shell = "WScript.Shell" nocase ascii wide
        $frombase = "FromBase64String" nocase ascii wide
        $adodb = "ADODB.Stream" nocase ascii wide
    condition:
        filesize < 8MB and uint16(0) != 0x5a4d and $program and (($shell and $adodb) or ($frombase and $shell))
}

rule shortcut_starts_shell
{
    meta:
        description = "Windows shortcut that starts a hidden shell with code to fetch or decode"
        description_ja = "隠れたシェルでプログラムの取得や復号を行わせる Windows ショートカット"
        author = "Yagura"
        score = 75
        mitre_attack = "T1204.002, T1059"
    strings:
        $shell = /(powershell|mshta|wscript|cscript|cmd)(\.exe)?/ nocase wide
        $hidden = /-w(indowstyle)?\s{1,4}hid/ nocase wide
        $encoded = /-e(nc|ncodedcommand)\s{1,4}[A-Za-z0-9+\/]{40}/ nocase wide
        $fetch = /(https?:\/\/[^\x00]{4}|downloadstring|frombase64string|invoke-webrequest)/ nocase wide
    condition:
        filesize < 1MB and uint32(0) == 0x0000004c and uint32(4) == 0x00021401 and $shell and ($encoded or ($hidden and $fetch))
}

rule program_named_like_document
{
    meta:
        description = "Windows program whose name pretends to be a document"
        description_ja = "文書に見せかけた名前の Windows プログラム"
        author = "Yagura"
        score = 75
        mitre_attack = "T1036.007"
    condition:
        pe.is_pe and filename matches /\.(pdf|docx?|xlsx?|pptx?|jpe?g|png|txt|rtf|csv|zip)[ _\.]{0,60}\.?(exe|scr|com|pif|cpl)$/i
}
