// SPDX-License-Identifier: Apache-2.0
// Names of what SMB numbers: commands (MS-CIFS 2.2.2.1, MS-SMB2 2.2.1.2), dialects, status codes
// (MS-ERREF 2.3.1, MS-CIFS 2.2.2.4), create dispositions, control codes (MS-FSCC 2.3), information
// classes (MS-FSCC 2.4), as EVE spells them.
#include "proto/smb.h"

struct number_name {
    uint32_t number;
    const char *name;
};

static const struct number_name statuses[] = {
#define STATUS(code, name) {code, name},
#include "proto/smb_status.def"
#undef STATUS
};

// Ascending.
static const struct number_name smb1_commands[] = {
    {0x00, "SMB1_COMMAND_CREATE_DIRECTORY"},
    {0x01, "SMB1_COMMAND_DELETE_DIRECTORY"},
    {0x02, "SMB1_COMMAND_OPEN"},
    {0x03, "SMB1_COMMAND_CREATE"},
    {0x04, "SMB1_COMMAND_CLOSE"},
    {0x05, "SMB1_COMMAND_FLUSH"},
    {0x06, "SMB1_COMMAND_DELETE"},
    {0x07, "SMB1_COMMAND_RENAME"},
    {0x08, "SMB1_COMMAND_QUERY_INFORMATION"},
    {0x09, "SMB1_COMMAND_SET_INFORMATION"},
    {0x0a, "SMB1_COMMAND_READ"},
    {0x0b, "SMB1_COMMAND_WRITE"},
    {0x0c, "SMB1_COMMAND_LOCK_BYTE_RANGE"},
    {0x0d, "SMB1_COMMAND_UNLOCK_BYTE_RANGE"},
    {0x0e, "SMB1_COMMAND_CREATE_TEMPORARY"},
    {0x0f, "SMB1_COMMAND_CREATE_NEW"},
    {0x10, "SMB1_COMMAND_CHECK_DIRECTORY"},
    {0x11, "SMB1_COMMAND_PROCESS_EXIT"},
    {0x12, "SMB1_COMMAND_SEEK"},
    {0x13, "SMB1_COMMAND_LOCK_AND_READ"},
    {0x14, "SMB1_COMMAND_WRITE_AND_UNLOCK"},
    {0x1a, "SMB1_COMMAND_READ_RAW"},
    {0x1b, "SMB1_COMMAND_READ_MPX"},
    {0x1d, "SMB1_COMMAND_WRITE_RAW"},
    {0x1e, "SMB1_COMMAND_WRITE_MPX"},
    {0x20, "SMB1_COMMAND_WRITE_COMPLETE"},
    {0x22, "SMB1_COMMAND_SET_INFORMATION2"},
    {0x23, "SMB1_COMMAND_QUERY_INFORMATION2"},
    {0x24, "SMB1_COMMAND_LOCKING_ANDX"},
    {0x25, "SMB1_COMMAND_TRANS"},
    {0x26, "SMB1_COMMAND_TRANSACTION_SECONDARY"},
    {0x27, "SMB1_COMMAND_IOCTL"},
    {0x28, "SMB1_COMMAND_IOCTL_SECONDARY"},
    {0x29, "SMB1_COMMAND_COPY"},
    {0x2a, "SMB1_COMMAND_MOVE"},
    {0x2b, "SMB1_COMMAND_ECHO"},
    {0x2c, "SMB1_COMMAND_WRITE_AND_CLOSE"},
    {0x2d, "SMB1_COMMAND_OPEN_ANDX"},
    {0x2e, "SMB1_COMMAND_READ_ANDX"},
    {0x2f, "SMB1_COMMAND_WRITE_ANDX"},
    {0x31, "SMB1_COMMAND_CLOSE_AND_TREE_DISC"},
    {0x32, "SMB1_COMMAND_TRANS2"},
    {0x33, "SMB1_COMMAND_TRANS2_SECONDARY"},
    {0x34, "SMB1_COMMAND_FIND_CLOSE2"},
    {0x70, "SMB1_COMMAND_TREE_CONNECT"},
    {0x71, "SMB1_COMMAND_TREE_DISCONNECT"},
    {0x72, "SMB1_COMMAND_NEGOTIATE_PROTOCOL"},
    {0x73, "SMB1_COMMAND_SESSION_SETUP_ANDX"},
    {0x74, "SMB1_COMMAND_LOGOFF_ANDX"},
    {0x75, "SMB1_COMMAND_TREE_CONNECT_ANDX"},
    {0x80, "SMB1_COMMAND_QUERY_INFO_DISK"},
    {0x81, "SMB1_COMMAND_SEARCH"},
    {0x82, "SMB1_COMMAND_FIND"},
    {0x83, "SMB1_COMMAND_FIND_UNIQUE"},
    {0x84, "SMB1_COMMAND_FIND_CLOSE"},
    {0xa0, "SMB1_COMMAND_NT_TRANS"},
    {0xa1, "SMB1_COMMAND_NT_TRANS_SECONDARY"},
    {0xa2, "SMB1_COMMAND_NT_CREATE_ANDX"},
    {0xa4, "SMB1_COMMAND_NT_CANCEL"},
    {0xa5, "SMB1_COMMAND_NT_RENAME"},
    {0xc0, "SMB1_COMMAND_OPEN_PRINT_FILE"},
    {0xc1, "SMB1_COMMAND_WRITE_PRINT_FILE"},
    {0xc2, "SMB1_COMMAND_CLOSE_PRINT_FILE"},
    {0xc3, "SMB1_COMMAND_GET_PRINT_QUEUE"},
    {0xd8, "SMB1_COMMAND_READ_BULK"},
    {0xd9, "SMB1_COMMAND_WRITE_BULK"},
    {0xda, "SMB1_COMMAND_WRITE_BULK_DATA"},
    {0xfe, "SMB1_COMMAND_INVALID"},
    {0xff, "SMB1_COMMAND_NO_FURTHER_ANDX"},
};

static const struct number_name smb2_commands[] = {
    {0, "SMB2_COMMAND_NEGOTIATE_PROTOCOL"},
    {1, "SMB2_COMMAND_SESSION_SETUP"},
    {2, "SMB2_COMMAND_SESSION_LOGOFF"},
    {3, "SMB2_COMMAND_TREE_CONNECT"},
    {4, "SMB2_COMMAND_TREE_DISCONNECT"},
    {5, "SMB2_COMMAND_CREATE"},
    {6, "SMB2_COMMAND_CLOSE"},
    {7, "SMB2_COMMAND_FLUSH"},
    {8, "SMB2_COMMAND_READ"},
    {9, "SMB2_COMMAND_WRITE"},
    {10, "SMB2_COMMAND_LOCK"},
    {11, "SMB2_COMMAND_IOCTL"},
    {12, "SMB2_COMMAND_CANCEL"},
    {13, "SMB2_COMMAND_KEEPALIVE"},
    {14, "SMB2_COMMAND_FIND"},
    {15, "SMB2_COMMAND_CHANGE_NOTIFY"},
    {16, "SMB2_COMMAND_GET_INFO"},
    {17, "SMB2_COMMAND_SET_INFO"},
    {18, "SMB2_COMMAND_OPLOCK_BREAK"},
};

static const struct number_name dialects[] = {
    {0x0202, "2.02"},
    {0x0210, "2.10"},
    {0x0222, "2.22"},
    {0x0224, "2.24"},
    {0x02ff, "2.??"},
    {0x0300, "3.00"},
    {0x0302, "3.02"},
    {0x0310, "3.10"},
    {0x0311, "3.11"},
};

static const struct number_name dispositions[] = {
    {0, "FILE_SUPERSEDE"},
    {1, "FILE_OPEN"},
    {2, "FILE_CREATE"},
    {3, "FILE_OPEN_IF"},
    {4, "FILE_OVERWRITE"},
    {5, "FILE_OVERWRITE_IF"},
};

static const struct number_name functions[] = {
    {0x00060194, "FSCTL_DFS_GET_REFERRALS"},
    {0x000601b0, "FSCTL_DFS_GET_REFERRALS_EX"},
    {0x00090000, "FSCTL_REQUEST_OPLOCK_LEVEL_1"},
    {0x00090018, "FSCTL_LOCK_VOLUME"},
    {0x0009001c, "FSCTL_UNLOCK_VOLUME"},
    {0x0009003c, "FSCTL_GET_COMPRESSION"},
    {0x00090060, "FSCTL_FILESYSTEM_GET_STATISTICS"},
    {0x00090064, "FSCTL_GET_NTFS_VOLUME_DATA"},
    {0x00090073, "FSCTL_GET_RETRIEVAL_POINTERS"},
    {0x0009009c, "FSCTL_GET_OBJECT_ID"},
    {0x000900a4, "FSCTL_SET_REPARSE_POINT"},
    {0x000900a8, "FSCTL_GET_REPARSE_POINT"},
    {0x000900ac, "FSCTL_DELETE_REPARSE_POINT"},
    {0x000900c0, "FSCTL_CREATE_OR_GET_OBJECT_ID"},
    {0x000900c4, "FSCTL_SET_SPARSE"},
    {0x000900eb, "FSCTL_READ_FILE_USN_DATA"},
    {0x000940cf, "FSCTL_QUERY_ALLOCATED_RANGES"},
    {0x00098208, "FSCTL_FILE_LEVEL_TRIM"},
    {0x000980c8, "FSCTL_SET_ZERO_DATA"},
    {0x00098344, "FSCTL_DUPLICATE_EXTENTS_TO_FILE"},
    {0x0009c040, "FSCTL_SET_COMPRESSION"},
    {0x0009c280, "FSCTL_SET_INTEGRITY_INFORMATION"},
    {0x0009027c, "FSCTL_GET_INTEGRITY_INFORMATION"},
    {0x0011400c, "FSCTL_PIPE_PEEK"},
    {0x00110018, "FSCTL_PIPE_WAIT"},
    {0x0011c017, "FSCTL_PIPE_TRANSCEIVE"},
    {0x00140078, "FSCTL_SRV_REQUEST_RESUME_KEY"},
    {0x001401d4, "FSCTL_LMR_REQUEST_RESILIENCY"},
    {0x001401fc, "FSCTL_QUERY_NETWORK_INTERFACE_INFO"},
    {0x00140204, "FSCTL_VALIDATE_NEGOTIATE_INFO"},
    {0x00144064, "FSCTL_SRV_ENUMERATE_SNAPSHOTS"},
    {0x001440f2, "FSCTL_SRV_COPYCHUNK"},
    {0x001441bb, "FSCTL_SRV_READ_HASH"},
    {0x001480f2, "FSCTL_SRV_COPYCHUNK_WRITE"},
};

static const struct number_name info_levels[] = {
    {4, "SMB2_FILE_BASIC_INFO"},
    {5, "SMB2_FILE_STANDARD_INFO"},
    {10, "SMB2_FILE_RENAME_INFO"},
    {11, "SMB2_FILE_LINK_INFO"},
    {13, "SMB2_FILE_DISPOSITION_INFO"},
    {15, "SMB2_FILE_FULL_EA_INFO"},
    {19, "SMB2_FILE_ALLOCATION_INFO"},
    {20, "SMB2_FILE_ENDOFFILE_INFO"},
    {40, "SMB2_FILE_VALID_DATA_LENGTH_INFO"},
    {64, "SMB2_FILE_DISPOSITION_INFO_EX"},
    {65, "SMB2_FILE_RENAME_INFO_EX"},
};

// Class in the high byte: 1 ERRDOS, 2 ERRSRV, 3 ERRHRD.
static const struct number_name dos_errors[] = {
    {0x010001, "DOS_BADFUNC"},
    {0x010002, "DOS_BADFILE"},
    {0x010003, "DOS_BADPATH"},
    {0x010004, "DOS_NOFIDS"},
    {0x010005, "DOS_NOACCESS"},
    {0x010006, "DOS_BADFID"},
    {0x010007, "DOS_BADMCB"},
    {0x010008, "DOS_NOMEM"},
    {0x01000a, "DOS_BADENV"},
    {0x01000d, "DOS_BADDATA"},
    {0x010012, "DOS_NOFILES"},
    {0x010020, "DOS_BADSHARE"},
    {0x010021, "DOS_LOCK"},
    {0x010032, "DOS_UNSUP"},
    {0x010050, "DOS_FILEXISTS"},
    {0x010057, "DOS_INVALIDPARAM"},
    {0x01007c, "DOS_UNKNOWNLEVEL"},
    {0x0100e6, "DOS_BADPIPE"},
    {0x0100e7, "DOS_PIPEBUSY"},
    {0x0100e8, "DOS_PIPECLOSING"},
    {0x0100e9, "DOS_NOTCONNECTED"},
    {0x0100ea, "DOS_MOREDATA"},
    {0x020001, "SRV_ERROR"},
    {0x020002, "SRV_BADPW"},
    {0x020003, "SRV_BADTYPE"},
    {0x020004, "SRV_ACCESS"},
    {0x020005, "SRV_BADTID"},
    {0x020006, "SRV_BADNETNAME"},
    {0x020007, "SRV_BADDEVICE"},
    {0x020016, "SRV_SMBCMD"},
    {0x020031, "SRV_QFULL"},
    {0x020033, "SRV_QEOF"},
    {0x020040, "SRV_SMBCMD"},
    {0x020041, "SRV_SRVERROR"},
    {0x020043, "SRV_FILESPECS"},
    {0x020045, "SRV_BADPERMITS"},
    {0x020047, "SRV_SETATTRMODE"},
    {0x020051, "SRV_PAUSED"},
    {0x020059, "SRV_NOROOM"},
    {0x02005a, "SRV_TOOMANYUIDS"},
    {0x02005b, "SRV_BADUID"},
    {0x0200fa, "SRV_USEMPX"},
    {0x0200fb, "SRV_USESTD"},
    {0x02ffff, "SRV_NOSUPPORT"},
    {0x030013, "HRD_NOWRITE"},
    {0x030015, "HRD_NOTREADY"},
    {0x030017, "HRD_DATA"},
    {0x03001f, "HRD_GENERAL"},
    {0x030020, "HRD_BADSHARE"},
    {0x030021, "HRD_LOCK"},
    {0x030027, "HRD_DISKFULL"},
};

static struct bytes look_up(const struct number_name *list, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].number == number)
            return bytes_from_text(list[i].name);
    return (struct bytes){NULL, 0};
}

#define LOOK_UP(list, number) look_up(list, sizeof(list) / sizeof *(list), number)

struct bytes smb_status_name(uint32_t status)
{
    size_t low = 0, high = sizeof statuses / sizeof *statuses;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (statuses[middle].number < status)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < sizeof statuses / sizeof *statuses && statuses[low].number == status)
        return bytes_from_text(statuses[low].name);
    return (struct bytes){NULL, 0};
}

struct bytes smb_dos_error_name(uint8_t class, uint16_t code)
{
    return LOOK_UP(dos_errors, (uint32_t) class << 16 | code);
}

struct bytes smb1_command_name(uint8_t command)
{
    return LOOK_UP(smb1_commands, command);
}

struct bytes smb2_command_name(uint16_t command)
{
    return LOOK_UP(smb2_commands, command);
}

struct bytes smb2_dialect_name(uint16_t dialect)
{
    return LOOK_UP(dialects, dialect);
}

struct bytes smb_disposition_name(uint32_t disposition)
{
    return LOOK_UP(dispositions, disposition);
}

struct bytes smb_function_name(uint32_t code)
{
    return LOOK_UP(functions, code);
}

struct bytes smb_info_level_name(uint8_t level)
{
    return LOOK_UP(info_levels, level);
}
