/**
 * The one door to the protocol's library. It is loaded when the first server is to start, and is a file of its own in the package, so
 * that the agent starts without it. Holds no code of ours: its classes must be the same for all who test with `instanceof`.
 */
import { auth, extractWWWAuthenticateParams, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport, SseError } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
	ElicitRequestSchema,
	ErrorCode,
	JSONRPCMessageSchema,
	ListRootsRequestSchema,
	LoggingMessageNotificationSchema,
	McpError,
	PromptListChangedNotificationSchema,
	ResourceListChangedNotificationSchema,
	ResultSchema,
	ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import spawn from 'cross-spawn';

export const mcpSdk = {
	auth,
	Client,
	ElicitRequestSchema,
	ErrorCode,
	extractWWWAuthenticateParams,
	JSONRPCMessageSchema,
	ListRootsRequestSchema,
	LoggingMessageNotificationSchema,
	McpError,
	PromptListChangedNotificationSchema,
	ResourceListChangedNotificationSchema,
	ResultSchema,
	spawn,
	SSEClientTransport,
	SseError,
	StreamableHTTPClientTransport,
	StreamableHTTPError,
	ToolListChangedNotificationSchema,
	UnauthorizedError,
};

export type McpSdk = typeof mcpSdk;
