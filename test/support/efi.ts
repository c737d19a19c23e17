/**
 * An EFI application that writes a text to the first serial line and then waits: what a boot loader does first. A PE32+ image of less than 512 bytes.
 * Source: Microsoft, PE format; UEFI specification, images.
 */
export function efiApplication(text: string): Buffer {
  // biome-ignore format: one instruction a line
  const code = [
    0x48, 0x8d, 0x35, 0x14, 0x00, 0x00, 0x00, // lea rsi, [rip + 20]: the text
    0x66, 0xba, 0xf8, 0x03,                   // mov dx, 0x3f8
    0xac,                                     // next: lodsb
    0x84, 0xc0,                               // test al, al
    0x74, 0x03,                               // jz wait
    0xee,                                     // out dx, al
    0xeb, 0xf8,                               // jmp next
    0xf3, 0x90,                               // wait: pause
    0xeb, 0xfc,                               // jmp wait
    0x90, 0x90, 0x90, 0x90,
  ];
  const body = Buffer.concat([Buffer.from(code), Buffer.from(`${text}\0`, 'latin1')]);
  const [headers, base] = [0x180, 0x1000];
  const file = Buffer.alloc(512);
  file.write('MZ', 0);
  file.writeUInt32LE(0x40, 0x3c);
  file.write('PE\0\0', 0x40);
  file.writeUInt16LE(0x8664, 0x44); // machine: x64
  file.writeUInt16LE(1, 0x46); // sections
  file.writeUInt16LE(0xf0, 0x54); // size of the optional header
  file.writeUInt16LE(0x22, 0x56); // executable, large addresses
  const optional = 0x58;
  file.writeUInt16LE(0x20b, optional); // PE32+
  file.writeUInt32LE(body.length, optional + 4); // size of the code
  file.writeUInt32LE(base, optional + 16); // entry point
  file.writeUInt32LE(base, optional + 20); // base of the code
  file.writeUInt32LE(base, optional + 32); // section alignment
  file.writeUInt32LE(16, optional + 36); // file alignment
  file.writeUInt32LE(base * 2, optional + 56); // size of the image
  file.writeUInt32LE(headers, optional + 60); // size of the headers
  file.writeUInt16LE(10, optional + 68); // subsystem: EFI application
  file.writeUInt32LE(16, optional + 108); // data directories, all empty
  const section = optional + 0xf0;
  file.write('.text', section);
  file.writeUInt32LE(body.length, section + 8);
  file.writeUInt32LE(base, section + 12);
  file.writeUInt32LE(512 - headers, section + 16);
  file.writeUInt32LE(headers, section + 20);
  file.writeUInt32LE(0x60000020, section + 36); // code, executable, readable
  body.copy(file, headers);
  return file;
}
