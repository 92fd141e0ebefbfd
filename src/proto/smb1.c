// SPDX-License-Identifier: Apache-2.0
#include "proto/smb.h"
uint32_t smb1_message_needs(struct proto_flow *pf, struct bytes head, uint32_t whole)
{
    (void)pf;
    (void)head;
    return whole < SMB_PDU_BYTES ? whole : SMB_PDU_BYTES;
}
void smb1_message(struct proto_flow *pf, enum flow_side side, struct bytes pdu, uint32_t whole)
{
    (void)pf;
    (void)side;
    (void)pdu;
    (void)whole;
}
