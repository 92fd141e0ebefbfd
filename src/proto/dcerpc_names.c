// SPDX-License-Identifier: Apache-2.0
// Names of DCE/RPC's interfaces, operations and statuses.
#include "proto/dcerpc_names.h"
#include "proto/dcerpc_table.h"
#include <stdlib.h>

static int compare(const void *key, const void *interface)
{
    const struct dcerpc_interface *one = interface;
    return memcmp(key, one->uuid, 16);
}

const struct dcerpc_interface *dcerpc_interface_find(const uint8_t uuid[16])
{
    return bsearch(
        uuid, dcerpc_interfaces, dcerpc_interface_count, sizeof(struct dcerpc_interface), compare);
}

const char *dcerpc_operation_name(const struct dcerpc_interface *interface, uint16_t opnum)
{
    return interface && opnum < interface->operation_count ? interface->operations[opnum] : NULL;
}

// C706 appendix E, MS-RPCE, MS-ERREF
static const struct {
    uint32_t status;
    const char *name;
} statuses[] = {
    {0x5, "access_denied"},
    {0x6d1, "rpc_s_procnum_out_of_range"},
    {0x6e4, "rpc_s_cannot_support"},
    {0x6f7, "rpc_x_bad_stub_data"},
    {0x721, "rpc_s_sec_pkg_error"},
    {0x80010110, "rpc_e_version_mismatch"},
    {0x80010111, "rpc_e_invalid_header"},
    {0x8001011d, "rpc_e_invalid_object"},
    {0x80070005, "e_accessdenied"},
    {0x1c010001, "nca_s_fault_object_not_found_rpc"},
    {0x1c010002, "nca_s_op_rng_error"},
    {0x1c010003, "nca_s_unk_if"},
    {0x1c010006, "nca_s_wrong_boot_time"},
    {0x1c010009, "nca_s_you_crashed"},
    {0x1c01000b, "nca_s_proto_error"},
    {0x1c010013, "nca_s_out_args_too_big"},
    {0x1c010014, "nca_s_server_too_busy"},
    {0x1c010017, "nca_s_unsupported_type"},
    {0x1c000001, "nca_s_fault_int_div_by_zero"},
    {0x1c000002, "nca_s_fault_addr_error"},
    {0x1c000003, "nca_s_fault_fp_div_zero"},
    {0x1c000004, "nca_s_fault_fp_underflow"},
    {0x1c000005, "nca_s_fault_fp_overflow"},
    {0x1c000006, "nca_s_fault_invalid_tag"},
    {0x1c000007, "nca_s_fault_invalid_bound"},
    {0x1c000008, "nca_s_rpc_version_mismatch"},
    {0x1c000009, "nca_s_unspec_reject"},
    {0x1c00000a, "nca_s_bad_actid"},
    {0x1c00000b, "nca_s_who_are_you_failed"},
    {0x1c00000c, "nca_s_manager_not_entered"},
    {0x1c00000d, "nca_s_fault_cancel"},
    {0x1c00000e, "nca_s_fault_ill_inst"},
    {0x1c00000f, "nca_s_fault_fp_error"},
    {0x1c000010, "nca_s_fault_int_overflow"},
    {0x1c000012, "nca_s_fault_unspec"},
    {0x1c000013, "nca_s_fault_remote_comm_failure"},
    {0x1c000014, "nca_s_fault_pipe_empty"},
    {0x1c000015, "nca_s_fault_pipe_closed"},
    {0x1c000016, "nca_s_fault_pipe_order"},
    {0x1c000017, "nca_s_fault_pipe_discipline"},
    {0x1c000018, "nca_s_fault_pipe_comm_error"},
    {0x1c000019, "nca_s_fault_pipe_memory"},
    {0x1c00001a, "nca_s_fault_context_mismatch"},
    {0x1c00001b, "nca_s_fault_remote_no_memory"},
    {0x1c00001c, "nca_s_invalid_pres_context_id"},
    {0x1c00001d, "nca_s_unsupported_authn_level"},
    {0x1c00001f, "nca_s_invalid_checksum"},
    {0x1c000020, "nca_s_invalid_crc"},
    {0x1c000021, "nca_s_fault_user_defined"},
    {0x1c000022, "nca_s_fault_tx_open_failed"},
    {0x1c000023, "nca_s_fault_codeset_conv_error"},
    {0x1c000024, "nca_s_fault_object_not_found"},
    {0x1c000025, "nca_s_fault_no_client_stub"},
};

const char *dcerpc_status_name(uint32_t status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].status == status)
            return statuses[i].name;
    return NULL;
}
