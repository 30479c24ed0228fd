// Reads packets of HEP, a line of hexadecimal digits each, with hep-js, and prints what it reads as a line of JSON each.
const hep = require("hep-js");
const lines = require("node:fs").readFileSync(0, "utf8").split("\n").filter((line) => line);
for (const line of lines) {
  const read = hep.decapsulate(Buffer.from(line, "hex"));
  if (!read) {
    console.log(`not a packet: ${line}`);
    process.exit(1);
  }
  console.log(JSON.stringify(read));
}
