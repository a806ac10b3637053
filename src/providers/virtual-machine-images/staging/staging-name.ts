/** Names of what a template keeps its files in (reference 2.2). */

const maxGroupName = 90;

/**
 * `IT_<group>_<template>_<GUID>`, the parts cut so that it stays a legal name of a group.
 * @param id a new GUID.
 */
export function stagingGroupName(resourceGroup: string, templateName: string, id: string): string {
  const room = Math.floor((maxGroupName - `IT___${id}`.length) / 2);
  return `IT_${cut(resourceGroup, room)}_${cut(templateName, room)}_${id}`;
}

/** 24 lower-case letters and digits that nobody else has; `id`: a new GUID. */
export function stagingAccountName(id: string): string {
  return `st${id.toLowerCase().replaceAll('-', '')}`.slice(0, 24);
}

/** The first `length` characters, never half of one. */
function cut(text: string, length: number): string {
  return Array.from(text).slice(0, length).join('');
}
