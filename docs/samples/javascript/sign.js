#!/usr/bin/env node
// Sends one signed exchange to sesame and verifies the answer. Needs Node.js 18 and sm-crypto (npm install).
//
//     node sign.js URL APPID KEYHEX BUSICODE ACTION FILE [--random R] [--sign-only]
//
// FILE holds the busilist: a JSON array of flat objects, in UTF-8. --random sets 请求随机标识 instead of a new UUID;
// --sign-only prints the signature and sends nothing. Exit status: 0 accepted, 1 refused or not verified, 2 wrong usage.
//
//     node sign.js http://127.0.0.1:18101/sesame/exchange demo-370203 0123456789abcdeffedcba9876543210 003 01 records.json
'use strict'

const { randomUUID } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { parseArgs } = require('node:util')
const { sm3, sm4 } = require('sm-crypto')

// [begin: sesame app add]
// Upper-case hex of SM4-ECB-PKCS#7(key, lower-case hex of SM3(canonical)).
const sign = (keyHex, canonical) => sm4.encrypt(sm3(canonical), keyHex).toUpperCase()

// The busilist travels as a JSON string: its text is signed, and no library can reformat it.
function buildRequest({ appid, keyHex, busicode, action, busilist, random }) {
  const canonical = `action=${action}&appid=${appid}&busicode=${busicode}&busilist=${busilist}&random=${random}`
  return { appid, busicode, action, busilist, random, sign: sign(keyHex, canonical) }
}
// The body of the response. A refusal comes with a 4xx status and is an answer like any other.
async function post(url, request) {
  const headers = { 'Content-Type': 'application/json; charset=utf-8' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(request) })
  return response.text()
}
// [end: sesame app add]

// Just past the JSON value that begins at `at`, in text that JSON.parse has accepted.
function endOfValue(json, at) {
  let depth = 0
  for (;; at++) {
    const c = json[at]
    if (c === '"') {
      for (at++; json[at] !== '"'; at++) if (json[at] === '\\') at++
    } else if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']') depth--
    else if (depth === 0 && /[\s,}\]]/.test(json[at + 1])) return at + 1
    if (depth === 0 && '"}]'.includes(json[at])) return at + 1
  }
}

// The members of a JSON object, each value as its exact text: the signature covers the text, not what it means.
function rawMembers(json) {
  JSON.parse(json)
  const members = {}
  const skip = (at, what) => { while (what.test(json[at])) at++; return at }
  let at = skip(json.indexOf('{') + 1, /\s/)
  while (json[at] !== '}') {
    const nameEnd = endOfValue(json, at)
    const start = skip(nameEnd, /[\s:]/)
    const end = endOfValue(json, start)
    members[JSON.parse(json.slice(at, nameEnd))] = json.slice(start, end)
    at = skip(end, /[\s,]/)
  }
  return members
}

// Whether the answer is to this request and signed with the key; and its datalist.
function verifyAnswer(body, keyHex, random) {
  const members = rawMembers(body)
  // Some nodes are set to send datalist as a string (table 4): then its content is signed.
  const datalist = members.datalist.startsWith('"') ? JSON.parse(members.datalist) : members.datalist
  const expected = sign(keyHex, `datalist=${datalist}&random=${random}`)
  const verified = JSON.parse(members.random) === random && JSON.parse(members.sign).toUpperCase() === expected
  return { verified, datalist: JSON.parse(datalist) }
}

function readArguments() {
  const options = { random: { type: 'string', default: randomUUID() }, 'sign-only': { type: 'boolean' } }
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  if (positionals.length !== 6) throw new Error('expected URL APPID KEYHEX BUSICODE ACTION FILE')
  const [url, appid, keyHex, busicode, action, file] = positionals
  // sm-crypto turns characters that are no hexadecimal digits into zeros without a word, so the key is checked here.
  if (!/^[0-9a-fA-F]{32}$/.test(keyHex)) throw new Error('KEYHEX is the 16 bytes of the key as 32 hexadecimal digits')
  const busilist = readFileSync(file, 'utf8').replace(/^\uFEFF/, '').replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
  if (!Array.isArray(JSON.parse(busilist))) throw new Error('FILE is not a JSON array')
  return { url, appid, keyHex, busicode, action, busilist, random: values.random, signOnly: values['sign-only'] }
}

async function main() {
  let given
  try {
    given = readArguments()
  } catch (error) {
    console.error(error.message)
    return 2
  }
  const request = buildRequest(given)
  if (given.signOnly) {
    console.log(request.sign)
    return 0
  }
  const body = await post(given.url, request)
  console.log(body)
  const { verified, datalist } = verifyAnswer(body, given.keyHex, given.random)
  console.error('answer signature:', verified ? 'verified' : 'NOT VERIFIED')
  return verified && datalist.result === '0001' ? 0 : 1
}

main().then(status => { process.exitCode = status }, error => { console.error(error.message); process.exitCode = 1 })
