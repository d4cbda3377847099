import { crc32, deflateRawSync } from "node:zlib";

/** A ZIP archive with one deflated file, sizes behind the data as streaming writers leave them. */
export const zipOf = (name: string, content: Buffer): Buffer => {
  const fileName = Buffer.from(name, "utf8");
  const packed = deflateRawSync(content);
  const sums = Buffer.alloc(12);
  sums.writeUInt32LE(crc32(content), 0);
  sums.writeUInt32LE(packed.length, 4);
  sums.writeUInt32LE(content.length, 8);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt16LE(0x0008, 6); // Bit 3: checksum and sizes follow the data.
  local.writeUInt16LE(8, 8);
  local.writeUInt16LE(fileName.length, 26);
  const descriptor = Buffer.concat([Buffer.from([0x50, 0x4b, 0x07, 0x08]), sums]);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(20, 4);
  central.writeUInt16LE(20, 6);
  central.writeUInt16LE(0x0008, 8);
  central.writeUInt16LE(8, 10);
  sums.copy(central, 16);
  central.writeUInt16LE(fileName.length, 28);
  const directoryAt = local.length + fileName.length + packed.length + descriptor.length;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + fileName.length, 12);
  end.writeUInt32LE(directoryAt, 16);
  return Buffer.concat([local, fileName, packed, descriptor, central, fileName, end]);
};
