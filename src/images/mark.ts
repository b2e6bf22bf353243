import { crc32 } from 'node:zlib'

/** The IPTC term for a picture that a trained model made (https://cv.iptc.org/newscodes/digitalsourcetype/). */
const AI_MADE = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'

// `end="r"`: a reader must not edit the packet in place, the chunk's checksum would no longer hold.
const aiMadePacket = `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <Iptc4xmpExt:DigitalSourceType>${AI_MADE}</Iptc4xmpExt:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>`

/** The XMP packet that says a picture was made by a trained model (`DigitalSourceType`, IPTC Extension). */
export const AI_MADE_XMP: Buffer = Buffer.from(aiMadePacket, 'utf8')

// The 8-byte signature and IHDR, which comes first and always has 13 bytes (PNG specification, §5.6, §11.2.1).
const IHDR_END = 8 + 12 + 13

/**
 * Puts an XMP packet into a PNG, right after its header, as the uncompressed `iTXt` chunk that the XMP
 * specification asks for (part 3, §1.1.5); libvips itself would write a compressed `zTXt`.
 */
export function withXmpChunk(png: Buffer, xmp: Buffer): Buffer {
  // Keyword, its end, not compressed, method 0, no language, no translated keyword.
  const head = Buffer.from('iTXtXML:com.adobe.xmp\0\0\0\0\0', 'latin1')
  const typeAndData = Buffer.concat([head, xmp])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(typeAndData.length - 4)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(typeAndData))
  return Buffer.concat([png.subarray(0, IHDR_END), length, typeAndData, checksum, png.subarray(IHDR_END)])
}
