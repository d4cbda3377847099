import axios from "axios";
import nock from "nock";
import { test, expect } from "vitest";
import { createScrubbedAxios } from "../../../../src/connectors/amazon/scrubbed.ts";
import { createHttp } from "../../../../src/connectors/http.ts";
import { givesTokens, authOrigin } from "./harness.ts";
test("a", async () => {
  nock.disableNetConnect(); givesTokens();
  console.log((await axios.post(authOrigin + "/auth/o2/token", new URLSearchParams({a:"b"}))).data);
}, 3000);
test("b", async () => {
  console.log((await createScrubbedAxios().request({method:"POST",url:authOrigin + "/auth/o2/token", data:new URLSearchParams({a:"b"}), signal: AbortSignal.timeout(1000)})).data);
}, 3000);
test("c", async () => {
  const http = createHttp({random:()=>0.5, log:{debug:console.log,info:console.log,warn:console.log,error:console.log}}, () => undefined);
  console.log((await http({method:"POST",url:authOrigin + "/auth/o2/token", data:new URLSearchParams({a:"b"}), repeatable:true}, new AbortController().signal)).data);
}, 3000);
