import axios, { AxiosError, type AxiosInstance } from "axios";

/** Axios errors carry the request with its token or secret; what leaves this instance keeps message and code only. */
export const createScrubbedAxios = (): AxiosInstance => {
  const instance = axios.create();
  instance.interceptors.response.use(undefined, (error: unknown) =>
    Promise.reject(error instanceof AxiosError ? Object.assign(new Error(error.message), { code: error.code }) : error),
  );
  return instance;
};
