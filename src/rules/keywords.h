// SPDX-License-Identifier: Apache-2.0
// Inside rules/: what sets each keyword; keywords.c names them. `value` is without its quotes.
#pragma once
#include "rules/parse.h"
#include "schema/buffers.h"

typedef bool keyword_set(struct draft *draft, struct bytes value, bool negated);

// parse_meta.c
keyword_set keyword_msg, keyword_sid, keyword_rev, keyword_gid, keyword_classtype, keyword_priority,
    keyword_reference, keyword_metadata, keyword_target, keyword_requires, keyword_noalert,
    keyword_alert, keyword_nothing;
// parse_content.c
keyword_set keyword_content, keyword_uricontent, keyword_nocase, keyword_rawbytes, keyword_offset,
    keyword_depth, keyword_distance, keyword_within, keyword_startswith, keyword_endswith,
    keyword_fast_pattern, keyword_isdataat, keyword_bsize, keyword_absent, keyword_urilen;
bool parse_pattern(struct draft *draft, struct bytes text, struct bytes *out);
// parse_pcre.c
keyword_set keyword_pcre;
void *draft_compile(struct draft *draft, struct bytes pattern, uint32_t flags);
// parse_bytes.c
keyword_set keyword_byte_test, keyword_byte_jump, keyword_byte_extract, keyword_byte_math,
    keyword_base64_decode, keyword_base64_data, keyword_asn1, keyword_entropy;
// parse_buffer.c
keyword_set keyword_pkt_data, keyword_transform, keyword_pcrexform, keyword_xor,
    keyword_from_base64, keyword_exact, keyword_filename, keyword_fileext, keyword_text,
    keyword_frame, keyword_dataset, keyword_datarep;
// parse_dataset.c has the last two
// parse_flow.c
keyword_set keyword_flow, keyword_flowbits, keyword_xbits, keyword_hostbits, keyword_flowint,
    keyword_stream_size, keyword_flow_counter, keyword_flow_elephant, keyword_app_layer_protocol,
    keyword_event, keyword_prefilter;
// parse_rate.c
keyword_set keyword_threshold, keyword_detection_filter, keyword_tag;
// parse_packet.c
keyword_set keyword_number, keyword_multi_number, keyword_flag, keyword_tos, keyword_ip_proto,
    keyword_fragbits, keyword_ipopts, keyword_tcp_flags, keyword_dsize, keyword_checksum,
    keyword_vlan_id, keyword_geoip, keyword_iprep;
// parse_app.c
keyword_set keyword_tls_version, keyword_ssl_version, keyword_ssl_state, keyword_tls_date,
    keyword_ssh_protoversion, keyword_http2_settings, keyword_bits, keyword_dcerpc_iface,
    keyword_ranges, keyword_rpc, keyword_ike_attribute, keyword_yes_no, keyword_modbus,
    keyword_dnp3_ind, keyword_dnp3_obj, keyword_cip_service, keyword_ticket;
// parse_files.c
const char *draft_path(struct draft *draft, struct bytes name);
keyword_set keyword_filesize, keyword_filestore, keyword_file_hash;
